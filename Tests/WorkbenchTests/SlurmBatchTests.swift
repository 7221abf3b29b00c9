import Foundation
import Runs
import TestSupport
import Testing

/// `augq batch --engine slurm` on a real Slurm of one node.
@Suite(.serialized, .enabled(if: OneNodeSlurm.isAvailable, "\(OneNodeSlurm.absence)"))
struct SlurmBatchTests {
  private let scratch: Scratch
  private let slurm: OneNodeSlurm

  init() throws {
    scratch = try Scratch()
    slurm = try OneNodeSlurm()
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { a = { 1, "a" }, pause = { 0.0, "seconds" }, fail = { "", "how it fails" } }
      local runs = io.open("ran-" .. p.a, "a")
      runs:write("x") runs:close()
      local function is_first()
        local mark = "tried-" .. p.a
        local file = io.open(mark)
        if not file then io.open(mark, "w"):close() end
        return not file
      end
      local begin = os.clock()
      while os.clock() - begin < p.pause do end
      if p.fail == "file" and io.open("broken") then error "no luck" end
      if p.fail == "once" and is_first() then os.exit(75) end
      if p.fail == "killed" or p.fail == "killed once" and is_first() then
        os.execute("kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)")     -- the worker that started this process
        while true do end
      end
      augq.log("score", p.a)
      """, to: "trial.lua")
  }

  private func sweep(_ body: String) throws {
    try scratch.write("return { script = 'trial.lua', \(body) }", to: "sweep.lua")
  }

  private func batch(_ arguments: String...) throws -> AugqProcess.Outcome {
    try AugqProcess.run(
      ["batch", "sweep.lua"] + arguments, in: scratch.url, environment: slurm.environment)
  }

  private func results() throws -> [Int: RunResult] {
    let found = try RunStore(root: scratch.path("runs")).runs().map(\.result)
    return Dictionary(uniqueKeysWithValues: found.map { (Int($0.parameters["a"]?.number ?? 0), $0) })
  }

  /// How often the recipe of a trial was begun.
  private func begun(_ trial: Int) -> Int {
    (try? String(contentsOfFile: scratch.path("ran-\(trial)"), encoding: .utf8))?.count ?? 0
  }

  private func wait(_ seconds: Double = 30, for condition: () -> Bool) {
    let end = Date().addingTimeInterval(seconds)
    while !condition(), Date() < end { Thread.sleep(forTimeInterval: 0.05) }
  }

  /// A batch whose end nobody waits for.
  private func start() throws -> Process {
    let process = Process()
    process.executableURL = AugqProcess.executable
    process.arguments = ["batch", "sweep.lua", "--engine", "slurm"]
    process.currentDirectoryURL = scratch.url
    process.environment = ProcessInfo.processInfo.environment.merging(slurm.environment) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  @Test func aSweepEndsAsWithTheLocalEngine() throws {
    try sweep(
      "zip = { a = { 1, 2, 3, 4, 5, 6, 7, 8 }, fail = { '', '', 'file', '', 'once', '', '', '' } }, retries = 1"
    )
    try scratch.write("", to: "broken")

    let first = try batch("--engine", "slurm", "-j", "2", "--trials-per-task", "1")

    #expect(first.status == 2, "\(first)")
    #expect(first.errors.hasPrefix("sweep: 8 trials: 8 new; 8 to run\n"))
    #expect(first.errors.hasSuffix("(a=3 fail=file): ./trial.lua:13: no luck\n"), "\(first.errors)")
    let found = try results()
    #expect((1...8).map { found[$0]?.status } == (1...8).map { $0 == 3 ? .failed : .done })
    #expect((1...8).map { found[$0]?.attempt } == [1, 1, 2, 1, 2, 1, 1, 1])
    #expect((1...8).map(begun) == [1, 1, 2, 1, 2, 1, 1, 1])

    try FileManager.default.removeItem(atPath: scratch.path("broken"))
    let second = try batch("--engine", "slurm")
    #expect(
      second.status == 0 && second.errors == "sweep: 8 trials: 7 done, 1 failed; 1 to run\n", "\(second)")
    let third = try batch("--engine", "slurm")
    #expect(third.status == 0 && third.errors == "sweep: 8 trials: 8 done; 0 to run\n", "\(third)")
    #expect((1...8).map(begun) == [1, 1, 3, 1, 2, 1, 1, 1])
    let local = try batch("--runs", "local", "-j", "2")
    #expect(local.status == 0 && third.output == local.output && second.output == local.output, "\(local)")
  }

  @Test func aKilledWorkerIsLostAndItsTrialsRunAgain() throws {
    try sweep("zip = { a = { 1, 2, 3, 4 }, fail = { '', 'killed once', 'killed', '' } }")

    let outcome = try batch("--engine", "slurm", "--trials-per-task", "2")

    #expect(outcome.status == 2, "\(outcome)")
    #expect(
      outcome.errors.contains(
        "_0 ended (FAILED, exit code 0:9) without the results of 1 trials: lost, run again\n"),
      "\(outcome.errors)"
    )
    let found = try results()
    #expect([1, 2, 3, 4].map { found[$0]?.status } == [.done, .done, .failed, .done])
    #expect([1, 2, 3, 4].map(begun) == [1, 2, 2, 1])
    let failed = try #require(found[3])
    #expect(failed.exitCode == 137 && failed.attempt == 2)
    #expect(
      try #require(failed.message).wholeMatch(
        of:
          /lost 2 times; at last array task \d+_0 ended \(FAILED, exit code 0:9\) without its result. See runs\/sweeps\/sweep\/jobs\/augq-sweep-[0-9a-f]{12}\/task-0.log/
      ) != nil, "\(failed.message ?? "")")
  }

  /// After a controller was restarted, or while one is busy.
  @Test func tasksThatTheQueueForgetsForAMomentAreNotLost() throws {
    try sweep("grid = { a = { 1, 2, 3, 4 } }, fixed = { pause = 1.0 }")
    try scratch.write(
      """
      #!/bin/sh
      echo x >> asked
      [ $(($(wc -l < asked) % 2)) = 0 ] || exec /usr/bin/squeue "$@"
      """, to: "bin/squeue")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scratch.path("bin/squeue"))
    var environment = slurm.environment
    environment["PATH"] = scratch.path("bin") + ":" + (environment["PATH"] ?? "")

    let outcome = try AugqProcess.run(
      ["batch", "sweep.lua", "--engine", "slurm", "--trials-per-task", "1"], in: scratch.url,
      environment: environment)

    #expect(
      outcome.status == 0 && outcome.errors == "sweep: 4 trials: 4 new; 4 to run\n", "\(outcome)")
    #expect((1...4).map(begun) == [1, 1, 1, 1])
    #expect(try String(contentsOfFile: scratch.path("asked"), encoding: .utf8).count >= 8)
  }

  @Test func aKilledBatchGoesOnWithoutRepeatingOrLosing() throws {
    try sweep("grid = { a = { 1, 2, 3, 4 } }, fixed = { pause = 2.0 }")
    let parent = try start()
    wait { begun(1) + begun(2) > 0 }
    kill(parent.processIdentifier, SIGKILL)
    parent.waitUntilExit()

    let local = try batch("-j", "2")

    #expect(local.status == 75, "tasks have them: \(local)")
    #expect(local.errors.hasSuffix(": a process works on this run. Wait for it, or stop it.\n"))
    let outcome = try batch("--engine", "slurm")
    #expect(outcome.status == 0, "\(outcome)")
    #expect([1, 2, 3, 4].map(begun) == [1, 1, 1, 1])
    #expect(try results().values.allSatisfy { $0.status == .done })
  }

  @Test func ctrlCCancelsTheTasks() throws {
    try sweep("grid = { a = { 1, 2, 3, 4 } }, fixed = { pause = 60.0 }")
    let parent = try start()
    wait { begun(1) > 0 }

    kill(parent.processIdentifier, SIGINT)
    parent.waitUntilExit()

    #expect(parent.terminationReason == .exit && parent.terminationStatus == 130)
    wait { (try? slurm.run(["/usr/bin/squeue", "-h"])) == "" }
    #expect(try slurm.run(["/usr/bin/squeue", "-h"]) == "")
    let plan = try batch("--dry-run")
    #expect(plan.errors.contains(" lost") && plan.errors.hasSuffix("; 4 to run\n"), "\(plan.errors)")
    #expect(try SweepFolder(root: scratch.path("runs"), name: "sweep").openJobs().isEmpty)
  }

  @Test func whatSlurmRefusesIsTold() throws {
    try sweep("grid = { a = { 1, 2 } }")

    let outcome = try batch("--engine", "slurm", "--partition", "nowhere")

    #expect(outcome.status == 64)
    #expect(
      outcome.errors.hasSuffix(
        "augq: sbatch refused a job array of 2 tasks: invalid partition specified: nowhere; Batch job submission failed: Invalid partition name specified. 'sinfo' lists partitions; give one as --partition.\n"
      ), "\(outcome.errors)")
    #expect(try batch("--dry-run").errors == "sweep: 2 trials: 2 new; 2 to run\n")
  }
}
