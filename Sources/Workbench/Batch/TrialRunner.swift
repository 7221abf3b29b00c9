import Foundation
import Runs
import Tensors

/// Runs trials of a sweep one at a time, each in a process of its own, with the sweep's limits and retries.
struct TrialRunner: Sendable {
  /// What became of a trial.
  enum Outcome {
    /// It has a result, from now or from before.
    case finished(RunResult)
    /// Another process works on it.
    case busy
    /// The user stopped it.
    case cancelled
  }

  /// What there is of a trial before it runs.
  struct Before {
    /// Whether a result that is there stands.
    var stands: (RunResult) -> Bool
    /// Whether the process that claimed it still runs.
    var isAlive: (ProcessIdentity) -> Bool = \.isAlive
    /// Called before what is there goes.
    var willBegin: () throws -> Void = {}
  }

  /// What all trials share.
  let header: SweepManifest.Header
  /// The folder of runs.
  let root: String
  /// Folders of plugins that are searched first.
  var plugins: [String] = []
  /// Packages whose native code may run.
  var allowedNative: [String] = []
  /// The shard that claims name; `nil` when a scheduler has no part in it.
  var shard: String?
  /// State of the repository that the script is in; `nil` outside of one.
  var repository: String?
  /// Ends the trial under way.
  let cancellation: Cancellation

  /// The folder of a trial.
  func folder(_ trial: Trial) -> RunFolder {
    RunFolder("\(root)/sweeps/\(header.name)/trials/\(trial.id)")
  }

  /// Runs one trial until it is done or its retries are spent.
  ///
  /// - Throws: ``RunError`` or ``LuaUsageError`` when its process cannot be started or its folder not be written.
  func run(_ trial: Trial, _ before: Before) throws -> Outcome {
    let run = folder(trial)
    // The worker of a batch that was killed ends a moment after it.
    for _ in 0..<500 {
      guard try run.status(isAlive: before.isAlive) == .running, !cancellation.isCancelled else { break }
      Thread.sleep(forTimeInterval: 0.02)
    }
    if cancellation.isCancelled { return .cancelled }
    if let result = try? run.result(), before.stands(result) { return .finished(result) }
    guard try run.status(isAlive: before.isAlive) != .running else { return .busy }
    try before.willBegin()
    return try attempts(trial, run)
  }

  private func attempts(_ trial: Trial, _ run: RunFolder) throws -> Outcome {
    for attempt in 1... {
      try run.clear()
      let outcome = try process(trial, run, attempt).run(cancellation: cancellation)
      if cancellation.isCancelled { return .cancelled }
      var result = try run.result() ?? ended(trial, attempt, outcome)
      if case .signalled(let signal) = outcome.ending, result.status == .done {
        // It had said that all is well before it was killed.
        result.message = "ended by signal \(signal) after its result"
      }
      if result.status == .failed, attempt <= header.limits.retries { continue }
      if !run.hasResult { try run.write(result) }
      return .finished(result)
    }
    return .cancelled
  }

  /// The command line of a trial behind `augq`.
  func arguments(_ trial: Trial, attempt: Int = 1) throws -> [String] {
    let limits = header.limits
    var arguments = [
      "run", "--trial", folder(trial).path, "--trial-id", trial.id, "--trial-parameters",
      try trial.parameters.json, "--attempt", "\(attempt)", "--runs", root, "--threads", "\(limits.threads)",
    ]
    if let shard { arguments += ["--trial-shard", shard] }
    // Empty says that there is none: starting git for each trial would cost more than the rest of its overhead.
    arguments += ["--repository", repository ?? ""]
    if limits.memory > 0 { arguments += ["--memory", "\(limits.memory)"] }
    if limits.seconds > 0 { arguments += ["--time", "\(limits.seconds)"] }
    arguments += plugins.flatMap { ["--plugins", $0] }
    arguments += allowedNative.flatMap { ["--allow-native", $0] }
    return arguments + [header.script] + trial.parameters.flags
  }

  private func process(_ trial: Trial, _ run: RunFolder, _ attempt: Int) throws -> IsolatedProcess {
    let seconds = header.limits.seconds
    var bounds = ProcessLimits()
    bounds.fileBytes = 0
    bounds.openFiles = 1024
    var process = IsolatedProcess(
      try arguments(trial, attempt: attempt), limits: bounds, seconds: seconds > 0 ? seconds + 2 : 0)
    process.output = .file(run.logPath)
    return process
  }

  /// The result of a process that ended without one.
  private func ended(_ trial: Trial, _ attempt: Int, _ outcome: IsolatedProcess.Outcome) -> RunResult {
    var result = RunResult(trial, of: header, attempt: attempt)
    result.exitCode = outcome.exitCode
    switch (outcome.limit, outcome.ending) {
    case (.time, _): result.message = "stopped after the time limit of \(header.limits.seconds) s"
    case (let limit?, _): result.message = "stopped after its limit of \(limit.rawValue)"
    case (nil, .signalled(let signal)):
      result.exitCode = 128 + signal
      result.message = "the process was ended by signal \(signal)"
    case (nil, .exited(let code)):
      result.message = "the process ended with code \(code) and left no result"
    }
    return result
  }
}

extension RunResult {
  /// The result of a trial that nothing else is known of.
  init(_ trial: Trial, of header: SweepManifest.Header, attempt: Int) {
    self.init(
      id: trial.id, script: header.script, scriptDigest: header.scriptDigest, version: header.version,
      parameters: trial.parameters, attempt: attempt, environment: [:])
  }
}
