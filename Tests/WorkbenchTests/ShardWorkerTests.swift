import Foundation
import Runs
import TestSupport
import Testing

/// The contract between schedulers and `augq batch-worker`, and what a batch makes of Slurm's answers; without Slurm.
@Suite struct ShardWorkerTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { a = { 1, "a" }, fail = { "", "how" } }
      local runs = io.open("ran-" .. p.a, "a")
      runs:write("x") runs:close()
      if p.fail == "error" then error "no luck" end
      augq.log("score", p.a)
      """, to: "trial.lua")
    // Slurm as a batch sees it: jobs run before sbatch ends, and what squeue says first is in a file.
    try command(
      "scontrol",
      "[ \"$1\" = show ] && [ \"$2\" = config ] && echo \"MaxArraySize = ${SIZE:-1001}\" || exit 1")
    try command(
      "sbatch",
      """
      echo "$@" >> sbatch.log
      if [ -n "$REFUSAL" ]; then echo "sbatch: error: $REFUSAL" >&2; exit 1; fi
      for word; do
        case $word in --array=*) last=${word#--array=0-}; last=${last%%%*};; --job-name=*) job=${word#*=};; esac
        script=$word
      done
      if [ -n "$HELD" ]; then
        echo "$job|77|0|PENDING|JobHeldUser" > squeue.first; echo "$script" > held
      else
        for i in $(seq 0 $last); do SLURM_ARRAY_TASK_ID=$i sh $script; done >/dev/null 2>&1
      fi
      echo 77
      """)
    try command(
      "squeue",
      """
      if [ -f squeue.broken ]; then rm squeue.broken; echo "squeue: error: no controller" >&2; exit 1; fi
      if [ -f squeue.first ]; then cat squeue.first; rm squeue.first; exit; fi
      if [ -f held ]; then SLURM_ARRAY_TASK_ID=0 sh $(cat held) >/dev/null 2>&1; rm held; fi
      """)
    try command("scancel", "exit 0")
  }

  private func command(_ name: String, _ text: String) throws {
    try scratch.write("#!/bin/sh\n\(text)\n", to: "bin/\(name)")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scratch.path("bin/\(name)"))
  }

  private func sweep(_ body: String) throws {
    try scratch.write("return { script = 'trial.lua', \(body) }", to: "sweep.lua")
  }

  private func augq(_ arguments: [String], _ environment: [String: String] = [:]) throws
    -> AugqProcess.Outcome
  {
    let path = scratch.path("bin") + ":/usr/bin:/bin"
    return try AugqProcess.run(
      arguments, in: scratch.url, environment: ["PATH": path].merging(environment) { $1 })
  }

  private func slurm(_ arguments: String..., environment: [String: String] = [:]) throws
    -> AugqProcess.Outcome
  {
    try augq(["batch", "sweep.lua", "--engine", "slurm"] + arguments, environment)
  }

  private func begun(_ trial: Int) -> Int {
    (try? String(contentsOfFile: scratch.path("ran-\(trial)"), encoding: .utf8))?.count ?? 0
  }

  /// Exports a job for Kubernetes; returns its manifest's path.
  private func exported(_ arguments: String...) throws -> String {
    let outcome = try augq(["batch", "sweep.lua", "--export-kubernetes"] + arguments)
    #expect(outcome.status == 0 && outcome.output.contains("\nkind: Job\n"), "\(outcome)")
    let folder = "runs/sweeps/sweep/kubernetes/"
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path(folder))
    return folder + (try #require(names.first)) + "/manifest.jsonl"
  }

  @Test func workersShareTheTrialsAndRepeatNone() throws {
    try sweep("zip = { a = { 1, 2, 3, 4, 5 }, fail = { '', '', 'error', '', '' } }, retries = 1")
    let manifest = try exported("--trials-per-task", "3")

    let first = try augq(["batch-worker", "--manifest", manifest], ["JOB_COMPLETION_INDEX": "0"])
    let second = try augq(["batch-worker", "--manifest", manifest, "--shard", "1"])
    let again = try augq(["batch-worker", "--manifest", manifest], ["SGE_TASK_ID": "1"])

    #expect([first.status, second.status, again.status] == [2, 0, 2], "\(first) \(second)")
    #expect(first.errors.hasSuffix("(a=3 fail=error): failed: ./trial.lua:5: no luck\n"), "\(first.errors)")
    #expect((1...5).map(begun) == [1, 1, 2, 1, 1])
    let outcome = try augq(["batch", "sweep.lua", "--dry-run"])
    #expect(outcome.errors == "sweep: 5 trials: 4 done, 1 failed; 1 to run\n")
  }

  @Test func resultsFromBeforeAJobDoNotCountForIt() throws {
    try sweep("grid = { a = { 1 } }")
    #expect(try augq(["batch", "sweep.lua"]).status == 0)
    let manifest = try exported("--force")

    for _ in 0..<2 {
      #expect(try augq(["batch-worker", "--manifest", manifest, "--shard", "0"]).status == 0)
    }

    #expect(begun(1) == 2)
  }

  @Test func claimsOfOtherHostsHoldUnlessTheyAreOfTheShard() throws {
    try sweep("grid = { a = { 1, 2 } }")
    let manifest = try exported("--trials-per-task", "2")
    let job = try JobManifest(path: scratch.path(manifest))
    for (entry, shard) in zip(job.entries, ["\(job.header.job)/0", "other/0"]) {
      let claim = "{\"pid\":1,\"began\":\"1\",\"boot\":\"x\",\"host\":\"elsewhere\",\"shard\":\"\(shard)\"}"
      try scratch.write(claim, to: "runs/sweeps/sweep/trials/\(entry.trial.id)/claim.json")
    }

    let outcome = try augq(["batch-worker", "--manifest", manifest, "--shard", "0"])

    #expect(outcome.status == 75)
    #expect(outcome.errors.hasSuffix("(a=2): another process works on it\n"), "\(outcome.errors)")
    #expect([1, 2].map(begun) == [1, 0])
  }

  @Test func aWorkerTellsWhatIsWrongWithItsShard() throws {
    try sweep("grid = { a = { 1, 2 } }")
    let manifest = try exported()
    try scratch.write("{}\n", to: "bad.jsonl")
    try scratch.write("", to: "over/job.sh")

    for (arguments, message, status) in [
      (
        ["--manifest", manifest, "--shard", "2"],
        "--shard names shard 2, counted from 0, of 2. Start as many tasks as the manifest has shards.", 64
      ),
      (["--manifest", "gone.jsonl"], "cannot read gone.jsonl. Check the path.", 66),
      (
        ["--manifest", "bad.jsonl"],
        "bad.jsonl:1: it is no line of a manifest. Remove it; what it held runs again.", 65
      ),
    ] {
      let outcome = try augq(["batch-worker"] + arguments)
      #expect(outcome.errors == "augq: \(message)\n" && outcome.status == status, "\(outcome)")
    }
    let over = try augq(["batch-worker", "--manifest", "over/manifest.jsonl"])
    #expect(over.status == 0 && over.errors == "augq: over/manifest.jsonl has gone: the job is over\n")
    let text = try String(contentsOfFile: scratch.path(manifest), encoding: .utf8)
    try scratch.write(text.replacing("\"shards\":2", with: "\"shards\":0"), to: "none.jsonl")
    let none = try augq(["batch-worker", "--manifest", "none.jsonl"])
    #expect(none.errors == "augq: none.jsonl: it has no shards. Remove it; what it held runs again.\n")
  }

  @Test func arraysAreNoLongerThanTheSiteAllows() throws {
    try sweep("grid = { a = { 1, 2, 3, 4, 5 } }")

    let outcome = try slurm("-j", "3", environment: ["SIZE": "2", "AUGQ_SHARD": "1"])

    #expect(outcome.status == 0 && (1...5).map(begun) == [1, 1, 1, 1, 1], "\(outcome)")
    let log = try String(contentsOfFile: scratch.path("sbatch.log"), encoding: .utf8)
    let arrays = log.split(separator: " ").filter { $0.hasPrefix("--array") }
    #expect(arrays == ["--array=0-1%1", "--array=0-1%1", "--array=0-0%1"], "\(log)")
    let none = try slurm("--force", environment: ["SIZE": "0"])
    #expect(none.status == 69 && none.errors.hasSuffix("ask its administrators.\n"), "\(none)")
  }

  @Test func aRefusalLeavesEverythingAsItWas() throws {
    try sweep("zip = { a = { 1 }, fail = { 'error' } }")
    #expect(try augq(["batch", "sweep.lua"]).status == 2)

    let outcome = try slurm(environment: [
      "REFUSAL": "Batch job submission failed: Invalid job array specification"
    ])

    #expect(outcome.status == 64)
    #expect(
      outcome.errors.hasSuffix(
        "augq: sbatch refused a job array of 1 tasks: Batch job submission failed: Invalid job array specification. Arrays may have 1001 tasks (MaxArraySize): raise --trials-per-task.\n"
      ), "\(outcome.errors)")
    #expect(
      try augq(["batch", "sweep.lua", "--only-failed", "--dry-run"]).errors
        == "sweep: 1 trials: 1 failed; 1 to run\n")
  }

  @Test func aHeldTaskAndASilentControllerAreTold() throws {
    try sweep("grid = { a = { 1 } }")
    let held = try slurm(environment: ["HELD": "1"])
    #expect(held.status == 0, "\(held)")
    #expect(
      held.errors.hasSuffix(
        "augq: warning: array task 77_0 is held (JobHeldUser). 'scontrol release 77' lets it run.\n"),
      "\(held.errors)")

    try scratch.write("", to: "squeue.broken")
    let silent = try slurm("--force")
    #expect(silent.status == 0)
    #expect(
      silent.errors.hasSuffix(
        "augq: warning: squeue failed with code 1: no controller. See whether Slurm's controller answers: 'scontrol ping'. Results are awaited meanwhile.\n"
      ), "\(silent.errors)")
  }

  @Test func jobsThatNobodyKnowsOfStopABatch() throws {
    try sweep("grid = { a = { 1 } }")
    let manifest = try exported()
    let text = try String(contentsOfFile: scratch.path(manifest), encoding: .utf8)
    try scratch.write(text, to: "runs/sweeps/sweep/jobs/augq-sweep-1/manifest.jsonl")
    try scratch.write("", to: "squeue.broken")

    let unknown = try augq(["batch", "sweep.lua"])

    #expect(unknown.status == 69 && begun(1) == 0)
    #expect(
      unknown.errors.hasSuffix(
        ": squeue failed with code 1: no controller. See whether Slurm's controller answers: 'scontrol ping'. When they have ended, remove runs/sweeps/sweep/jobs.\n"
      ), "\(unknown.errors)")
    let ended = try augq(["batch", "sweep.lua"])
    #expect(ended.status == 0 && begun(1) == 1, "\(ended)")
  }

  @Test func withoutSlurmTheEngineSaysSo() throws {
    try sweep("grid = { a = { 1 } }")
    try FileManager.default.removeItem(atPath: scratch.path("bin"))
    try scratch.write("", to: "bin/none")

    let outcome = try augq(
      ["batch", "sweep.lua", "--engine", "slurm"], ["PATH": scratch.path("bin")])

    #expect(outcome.status == 69)
    #expect(
      outcome.errors.hasSuffix(
        "augq: there is no scontrol on the search path. Run on a host of the cluster, or without --engine slurm; 'apt-get install slurm-wlm' installs it.\n"
      ), "\(outcome.errors)")
  }

  @Test func optionsThatDoNotFitAreRefused() throws {
    try sweep("grid = { a = { 1 } }")
    for (arguments, message) in [
      (["--partition", "x"], "--partition is for Slurm; add --engine slurm."),
      (["--time", "1"], "--time is for Slurm; add --engine slurm."),
      (["--mem", "1G"], "--mem is for Slurm; add --engine slurm."),
      (["--slurm-option=-Ax"], "--slurm-option is for Slurm; add --engine slurm."),
      (["--trials-per-task", "2"], "--trials-per-task is for Slurm; add --engine slurm."),
      (["--trials-per-task", "0"], "--trials-per-task is 0; give 1 or more."),
      (
        ["--kubernetes-image", "x"],
        "--kubernetes-image and --kubernetes-claim go with --export-kubernetes."
      ),
      (
        ["--engine", "slurm", "--slurm-option=--array=1"],
        "--slurm-option '--array=1': augq sets --array itself. Leave it out."
      ),
    ] {
      let outcome = try augq(["batch", "sweep.lua"] + arguments)
      #expect(outcome.status == 64 && outcome.errors.hasPrefix("Error: \(message)\n"), "\(outcome.errors)")
    }
  }
}
