import Foundation
import Runs
import TestSupport
import Testing
import Workbench

/// What a batch says to Slurm and Kubernetes, and how it reads the answers.
@Suite struct SlurmScriptTests {
  private func job(trials: Int, shards: Int, name: String = "augq-s-0123456789ab") throws -> JobManifest {
    let scratch = try Scratch()
    try scratch.write("", to: "trial.lua")
    var limits = TrialLimits()
    limits.threads = 2
    limits.retries = 3
    limits.memory = 1 << 30
    let sweep = try SweepManifest(
      name: "s", script: scratch.path("trial.lua"), inputs: [], version: "1", limits: limits,
      combinations: (0..<trials).map { (["a": .integer($0)], 0) })
    return JobManifest(
      job: name, sweep: sweep.header, shards: shards, entries: sweep.trials.map { JobManifest.Entry($0) })
  }

  @Test func trialsAreSpreadOverTasksAndArrays() {
    var options = SlurmOptions()
    func shape(_ trials: Int, _ size: Int) -> [String] {
      options.arrays(of: trials, maxArraySize: size).map { "\($0.trials) in \($0.shards)" }
    }

    #expect(shape(8, 1001) == ["0..<8 in 8"])
    #expect(shape(0, 1001) == [])
    #expect(shape(1000, 1001) == ["0..<1000 in 125"], "128 tasks at most")
    #expect(shape(8, 3) == ["0..<3 in 3", "3..<6 in 3", "6..<8 in 2"])
    options.tasksAtOnce = 2
    #expect(shape(100, 1001) == ["0..<100 in 8"], "4 waves at most")
    options.trialsPerTask = 3
    #expect(shape(8, 1001) == ["0..<8 in 3"])
    #expect(shape(8, 2) == ["0..<6 in 2", "6..<8 in 1"])
    options.trialsPerTask = .max
    #expect(shape(8, 1001) == ["0..<8 in 1"])
  }

  @Test func aJobIsSubmittedWithItsOptions() throws {
    let job = try job(trials: 8, shards: 4)
    let folder = JobFolder("r%s/sweeps/s/jobs/j")
    var options = SlurmOptions()
    options.tasksAtOnce = 6
    (options.partition, options.time, options.memory) = ("main", "2:00:00", "4G")
    options.passedThrough = ["--account=a"]

    #expect(
      options.arguments(job, folder, arrays: 1) == [
        "--job-name=augq-s-0123456789ab", "--array=0-3%6", "--output=r%%s/sweeps/s/jobs/j/task-%a.log",
        "--open-mode=append", "--cpus-per-task=2", "--partition=main", "--time=2:00:00", "--mem=4G",
        "--account=a", "r%s/sweeps/s/jobs/j/job.sh",
      ])
    #expect(options.arguments(job, folder, arrays: 4)[1] == "--array=0-3%1", "arrays share what runs at once")
    #expect(SlurmOptions().arguments(job, folder, arrays: 1)[1] == "--array=0-3")
  }

  @Test func theScriptIsOneCommand() throws {
    let script = SlurmOptions.script(
      try job(trials: 8, shards: 4), JobFolder("my runs/sweeps/s/jobs/j"), executable: "/opt/it's/augq")

    #expect(
      script == """
        #!/bin/sh
        # 8 trials of sweep s in 4 shards; augq batch --engine slurm submits it.
        # The index is Slurm's, whatever the environment of the submission holds.
        unset AUGQ_SHARD
        exec '/opt/it'\\''s/augq' batch-worker --manifest 'my runs/sweeps/s/jobs/j/manifest.jsonl'

        """)
  }

  @Test func whatSlurmPrintsIsRead() {
    #expect(Slurm.maxArraySize(in: "MailProg = x\nMaxArraySize            = 77\nMaxDBDMsgs = 1") == 77)
    #expect(Slurm.maxArraySize(in: "nothing of the kind") == 1001)
    let tasks = Slurm.tasks(
      in:
        "CLUSTER: one\naugq-a-1|12|3|RUNNING|None\naugq-a-1|12|4|PENDING|launch failed requeued held\nx|1|N/A|R|\n"
    )
    #expect(tasks.map(\.index) == [3, 4] && tasks.map(\.isHeld) == [false, true])
    #expect(tasks.map(\.job) == ["augq-a-1", "augq-a-1"] && tasks.map(\.array) == ["12", "12"])
    #expect(
      Slurm.complaint("sbatch: error: one\nsbatch: two\n", of: "sbatch") == "one; two"
        && Slurm.complaint("", of: "sbatch") == "no message")
  }

  @Test func theEndOfATaskIsThatOfItsTrial() {
    func ending(_ state: String, _ code: String) -> Slurm.Ending? {
      Slurm.ending(in: "JobId=3 ArrayJobId=1 JobState=\(state) Reason=None ExitCode=\(code) RunTime=0\n")
    }

    #expect(ending("TIMEOUT", "0:15")?.exitCode == 124)
    #expect(ending("FAILED", "0:9")?.exitCode == 137)
    #expect(ending("FAILED", "127:0")?.exitCode == 127)
    #expect(ending("NODE_FAIL", "0:0")?.exitCode == 70)
    #expect(Slurm.ending(in: "No such job\n") == nil)
  }

  static let options: [(option: String, problem: String?)] = [
    ("--account=a", nil), ("-Aname", nil), ("--time-min=1", nil),
    (
      "account",
      "--slurm-option 'account' is no option of sbatch. Write one word, such as --slurm-option=--account=name."
    ), ("--array=1-3", "--slurm-option '--array=1-3': augq sets --array itself. Leave it out."),
    ("-Jx", "--slurm-option '-Jx': augq sets -J itself. Leave it out."),
  ]

  @Test(arguments: options) func optionsThatHideTasksAreRefused(_ row: (option: String, problem: String?)) {
    #expect(SlurmOptions.problem(with: row.option) == row.problem)
  }

  static let errors: [(error: SlurmError, message: String)] = [
    (
      .missing(command: "sbatch"),
      "there is no sbatch on the search path. Run on a host of the cluster, or without --engine slurm; 'apt-get install slurm-wlm' installs it."
    ),
    (
      .failed(command: "squeue", code: 1, message: "connect failure"),
      "squeue failed with code 1: connect failure. See whether Slurm's controller answers: 'scontrol ping'."
    ),
    (
      .refused(tasks: 9, message: "Invalid job array specification", limit: 4),
      "sbatch refused a job array of 9 tasks: Invalid job array specification. Arrays may have 4 tasks (MaxArraySize): raise --trials-per-task."
    ),
    (
      .refused(tasks: 9, message: "Invalid partition name specified", limit: 4),
      "sbatch refused a job array of 9 tasks: Invalid partition name specified. 'sinfo' lists partitions; give one as --partition."
    ),
    (
      .refused(tasks: 9, message: "Invalid --time specification", limit: nil),
      "sbatch refused a job array of 9 tasks: Invalid --time specification. 'sinfo' lists time limits; give one as --time, such as 30 or 2:00:00."
    ),
    (
      .refused(tasks: 9, message: "Requested node configuration is not available", limit: nil),
      "sbatch refused a job array of 9 tasks: Requested node configuration is not available. 'sinfo -o \"%P %c %m\"' lists processors and memory; lower --mem or the sweep's threads."
    ),
    (
      .refused(tasks: 9, message: "Invalid account", limit: nil),
      "sbatch refused a job array of 9 tasks: Invalid account. Check --partition, --time, --mem and --slurm-option."
    ),
    (
      .noArrays,
      "this Slurm allows no job arrays: MaxArraySize is 0. Run without --engine slurm, or ask its administrators."
    ),
    (
      .unknownJobs(["augq-a-1", "augq-a-2"], folder: "runs/sweeps/a/jobs", problem: "no answer."),
      "jobs of an earlier batch may still run (augq-a-1, augq-a-2): no answer. When they have ended, remove runs/sweeps/a/jobs."
    ),
  ]

  @Test(arguments: errors) func everyErrorSaysWhatToDo(_ row: (error: SlurmError, message: String)) {
    #expect(row.error.description == row.message)
  }

  @Test func anIndexedJobNamesItsManifestAndWhatToCheck() throws {
    var options = KubernetesJob.Options()
    options.podsAtOnce = 2
    options.image = "our/augq:1"

    let yaml = KubernetesJob(
      try job(trials: 8, shards: 4), manifestPath: "runs/sweeps/s/kubernetes/j/manifest.jsonl",
      workingFolder: "/volume/\"x\"", options: options
    ).yaml

    for line in [
      "  name: augq-s-0123456789ab", "  completionMode: Indexed", "  completions: 4", "  parallelism: 2",
      "  backoffLimitPerIndex: 3", "          image: \"our/augq:1\"  # <- has augq on its search path",
      "          command: [\"augq\", \"batch-worker\", \"--manifest\", \"runs/sweeps/s/kubernetes/j/manifest.jsonl\"]",
      "          workingDir: \"/volume/\\\"x\\\"\"  # <- where the volume is mounted",
      "              cpu: \"2\"", "              memory: \"2147483648\"",
      "            claimName: \"augq-work\"  # <- a claim of that volume",
    ] {
      #expect(yaml.split(separator: "\n").contains { $0 == line }, "\(line) in \(yaml)")
    }
    #expect(KubernetesJob.name("augq-My.Sweep_1-0123") == "augq-my-sweep-1-0123")
    let long = KubernetesJob.name("augq-" + String(repeating: "a.", count: 40) + "-0123456789ab")
    #expect(long.count <= 63 && long.hasPrefix("augq-") && long.hasSuffix("-0123456789ab"))
  }
}
