import Bindings
import Foundation
public import LuaRuntime
import Runs

/// The commands of Slurm that a batch needs.
package struct Slurm: Sendable {
  /// A task of a job array that is in the queue.
  package struct Task: Hashable, Sendable {
    /// The job's name.
    package let job: String
    /// The job array's id.
    package let array: String
    /// The task's number in the array.
    package let index: Int
    /// Such as `PENDING` or `RUNNING`.
    package let state: String
    /// Why it waits, as Slurm says it.
    package let reason: String

    /// The task as Slurm's commands name it.
    var name: String { "\(array)_\(index)" }
    /// What a claim says of who works for it.
    var owner: String { JobManifest.owner(job: job, shard: index) }
    /// Whether it waits for somebody to let it run.
    package var isHeld: Bool { state == "PENDING" && reason.lowercased().contains("held") }
  }

  /// Sites leave this value in place more often than not.
  private static let defaultMaxArraySize = 1001
  /// The columns of `squeue`, the reason last: it may hold anything.
  private static let columns = "%j|%F|%K|%T|%r"

  private func run(_ command: String, _ arguments: [String]) throws -> SystemCommand.Outcome {
    guard let path = SystemCommand.path(of: command) else { throw SlurmError.missing(command: command) }
    // Such as SQUEUE_PARTITION: it would hide tasks.
    return try SystemCommand.run(path, arguments, withoutVariables: "SQUEUE_")
  }

  /// Runs a command that does not fail unless Slurm does.
  private func output(_ command: String, _ arguments: [String]) throws -> String {
    let outcome = try run(command, arguments)
    guard outcome.code == 0 else {
      throw SlurmError.failed(
        command: command, code: outcome.code, message: Self.complaint(outcome.errors, of: command))
    }
    return outcome.output
  }

  /// What a command complained about in one line, without its own name.
  package static func complaint(_ errors: String, of command: String) -> String {
    let lines = errors.split(separator: "\n").map { line in
      String(line).replacing("\(command): ", with: "").replacing("error: ", with: "")
    }
    return lines.isEmpty ? "no message" : lines.joined(separator: "; ")
  }

  /// Tasks that a job array may have.
  ///
  /// - Throws: ``SlurmError`` when the controller does not answer or the site has no job arrays.
  func maxArraySize() throws -> Int {
    let size = Self.maxArraySize(in: try output("scontrol", ["show", "config"]))
    guard size > 0 else { throw SlurmError.noArrays }
    return size
  }

  /// Tasks that a job array may have, by what `scontrol show config` prints.
  package static func maxArraySize(in configuration: String) -> Int {
    for line in configuration.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, parts[0] == "MaxArraySize", let size = Int(parts[1]) { return size }
    }
    return defaultMaxArraySize
  }

  /// Submits a job array.
  ///
  /// - Parameter arguments: Of `sbatch`, the script last.
  /// - Returns: The array's id.
  /// - Throws: ``SlurmError``.
  func submit(_ arguments: [String], tasks: Int) throws -> String {
    let outcome = try run("sbatch", ["--parsable"] + arguments)
    let id = outcome.output.split(separator: "\n").last.flatMap { $0.split(separator: ";").first }
    guard outcome.code == 0, let id, id.allSatisfy(\.isNumber) else {
      throw SlurmError.refused(
        tasks: tasks, message: Self.complaint(outcome.errors, of: "sbatch"), limit: try? maxArraySize())
    }
    return String(id)
  }

  /// The tasks of jobs that wait or run.
  ///
  /// - Parameter jobs: The names of jobs.
  func tasks(of jobs: [String]) throws -> [Task] {
    guard !jobs.isEmpty else { return [] }
    // Names rather than ids: of an id that it has forgotten, squeue makes an error.
    return Self.tasks(
      in: try output(
        "squeue", ["--all", "-h", "-r", "-o", Self.columns, "--name=" + jobs.joined(separator: ",")]))
  }

  /// The tasks in what `squeue` prints; lines of other forms are skipped.
  package static func tasks(in output: String) -> [Task] {
    output.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
      guard cells.count == 5, let index = Int(cells[2]) else { return nil }
      return Task(job: cells[0], array: cells[1], index: index, state: cells[3], reason: cells[4])
    }
  }

  /// Ends the jobs of these names.
  func cancel(_ jobs: [String]) throws {
    for job in jobs { _ = try output("scancel", ["--name=" + job]) }
  }

  /// How a task ended.
  package struct Ending: Equatable {
    /// Such as `TIMEOUT` or `NODE_FAIL`.
    package let state: String
    /// The exit code, and the signal behind a colon: `0:9`.
    package let code: String

    /// State and code for a message.
    var text: String { "\(state), exit code \(code)" }

    /// What a trial that went with the task ended with; 128 + n for signal n.
    package var exitCode: Int32 {
      if state == "TIMEOUT" { return ScriptRunner.ExitCode.timeLimit }
      let parts = code.split(separator: ":").compactMap { Int32($0) }
      guard parts.count == 2 else { return ScriptRunner.ExitCode.bug }
      return parts[1] > 0 ? 128 + parts[1] : parts[0] > 0 ? parts[0] : ScriptRunner.ExitCode.bug
    }
  }

  /// How a task ended, as long as Slurm knows.
  func ending(of task: String) -> Ending? {
    guard let outcome = try? run("scontrol", ["-o", "show", "job", task]), outcome.code == 0 else {
      return nil
    }
    return Self.ending(in: outcome.output)
  }

  /// How a task ended, by what `scontrol -o show job` prints.
  package static func ending(in output: String) -> Ending? {
    let fields = output.split(separator: "\n").last?.split(separator: " ") ?? []
    func value(_ name: String) -> String? {
      fields.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
    guard let state = value("JobState") else { return nil }
    return Ending(state: state, code: value("ExitCode") ?? "0:0")
  }
}

/// What can go wrong between a batch and Slurm.
public enum SlurmError: ExitCoded, Equatable, CustomStringConvertible {
  /// A command is not there.
  case missing(command: String)
  /// A command ended with an error.
  case failed(command: String, code: Int32, message: String)
  /// A job was not accepted.
  case refused(tasks: Int, message: String, limit: Int?)
  /// The site allows no job arrays.
  case noArrays
  /// Nobody can tell whether jobs of an earlier batch still run.
  case unknownJobs([String], folder: String, problem: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .missing(let command):
      "there is no \(command) on the search path. Run on a host of the cluster, or without --engine slurm; "
        + "'apt-get install slurm-wlm' installs it."
    case .failed(let command, let code, let message):
      "\(command) failed with code \(code): \(message). See whether Slurm's controller answers: 'scontrol ping'."
    case .refused(let tasks, let message, let limit):
      "sbatch refused a job array of \(tasks) tasks: \(message). \(Self.remedy(message, limit))"
    case .unknownJobs(let jobs, let folder, let problem):
      "jobs of an earlier batch may still run (\(jobs.joined(separator: ", "))): \(problem) "
        + "When they have ended, remove \(folder)."
    case .noArrays:
      "this Slurm allows no job arrays: MaxArraySize is 0. Run without --engine slurm, or ask its administrators."
    }
  }

  /// What helps, by words of the message.
  private static func remedy(_ message: String, _ limit: Int?) -> String {
    let text = message.lowercased()
    if text.contains("array") {
      return "Arrays may have \(limit ?? 0) tasks (MaxArraySize): raise --trials-per-task."
    }
    if text.contains("partition") { return "'sinfo' lists partitions; give one as --partition." }
    if text.contains("time") {
      return "'sinfo' lists time limits; give one as --time, such as 30 or 2:00:00."
    }
    if text.contains("memory") || text.contains("configuration") {
      return "'sinfo -o \"%P %c %m\"' lists processors and memory; lower --mem or the sweep's threads."
    }
    return "Check --partition, --time, --mem and --slurm-option."
  }

  /// 64 for a refusal, which other options help; 69 when there is no Slurm.
  public var exitCode: Int32 {
    if case .refused = self { return ScriptRunner.ExitCode.usage }
    return ScriptRunner.ExitCode.unavailable
  }
}
