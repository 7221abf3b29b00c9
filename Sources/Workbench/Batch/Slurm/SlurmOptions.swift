package import Runs

/// What a batch asks of Slurm.
public struct SlurmOptions: Sendable {
  /// Tasks of all its arrays at the same time; `nil` for as many as Slurm lets run.
  public var tasksAtOnce: Int?
  /// Trials that a task runs one after the other; `nil` for ``defaultTrialsPerTask(of:)``.
  public var trialsPerTask: Int?
  /// Partition, time limit and memory in Slurm's own notation, each when given.
  public var partition, time, memory: String?
  /// Further options of `sbatch`, passed through.
  public var passedThrough: [String] = []

  /// Makes options that leave everything to the site.
  public init() {}

  /// Options that a batch sets itself, for it finds its tasks, manifest and results by them.
  private static let ownOptions = [
    "--array", "-a", "--job-name", "-J", "--wrap", "--parsable", "--wait", "-W", "--test-only",
    "--chdir", "-D", "--clusters", "-M", "--cluster",
  ]

  /// What is wrong with an option that is passed through; `nil` when nothing is.
  public static func problem(with option: String) -> String? {
    guard option.hasPrefix("-"), option.count > 1 else {
      return
        "--slurm-option '\(option)' is no option of sbatch. Write one word, such as --slurm-option=--account=name."
    }
    let isLong = option.hasPrefix("--")
    let name = isLong ? String(option.prefix { $0 != "=" }) : String(option.prefix(2))
    guard ownOptions.contains(name) else { return nil }
    return "--slurm-option '\(option)': augq sets \(name) itself. Leave it out."
  }

  /// Trials per task unless given.
  ///
  /// A wave of tasks costs about a second: at most 4 waves where the number at once is known, else at most 128 tasks.
  package func defaultTrialsPerTask(of trials: Int) -> Int {
    let tasks = tasksAtOnce.map { 4 * $0 } ?? 128
    return max(1, (trials + tasks - 1) / tasks)
  }

  /// How trials are spread over job arrays: the number of shards of each array, and which trials are in it.
  package func arrays(of trials: Int, maxArraySize: Int) -> [(trials: Range<Int>, shards: Int)] {
    let perTask = trialsPerTask ?? defaultTrialsPerTask(of: trials)
    let perArray = perTask.multipliedReportingOverflow(by: maxArraySize)
    let step = perArray.overflow ? trials : min(trials, perArray.partialValue)
    return stride(from: 0, to: trials, by: max(1, step)).map { begin in
      let range = begin..<min(trials, begin + step)
      return (range, (range.count - 1) / perTask + 1)
    }
  }

  /// The arguments of `sbatch` for a job.
  ///
  /// - Parameter arrays: How many arrays share ``tasksAtOnce``.
  package func arguments(_ job: JobManifest, _ folder: JobFolder, arrays: Int) -> [String] {
    let throttle = tasksAtOnce.map { "%\(max(1, $0 / arrays))" } ?? ""
    let path = folder.path.replacing("%", with: "%%")
    return [
      "--job-name=\(job.header.job)", "--array=0-\(job.header.shards - 1)\(throttle)",
      "--output=\(path)/task-%a.log", "--open-mode=append",
      "--cpus-per-task=\(job.header.sweep.limits.threads)",
    ]
      + [("partition", partition), ("time", time), ("mem", memory)].compactMap { name, value in
        value.map { "--\(name)=\($0)" }
      } + passedThrough + [folder.scriptPath]
  }

  /// The script that each task of a job runs.
  package static func script(_ job: JobManifest, _ folder: JobFolder, executable: String) -> String {
    let header = job.header
    return """
      #!/bin/sh
      # \(job.entries.count) trials of sweep \(header.sweep.name) in \(header.shards) shards; augq batch --engine slurm submits it.
      # The index is Slurm's, whatever the environment of the submission holds.
      unset AUGQ_SHARD
      exec \(ShellWord.quoted(executable)) batch-worker --manifest \(ShellWord.quoted(folder.manifestPath))

      """
  }
}

/// Words of a shell's command line.
enum ShellWord {
  /// A word as a shell reads it.
  static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=:,+".contains($0)) }
    return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}
