public import Bindings
import Dispatch
import Foundation
import LuaRuntime
public import Reporting
public import Runs
import Synchronization
import Tensors

/// Runs the trials of a sweep, each in a process of its own, and keeps what comes of them.
///
/// What a trial did is in its folder before the store hears of it: a batch that was killed at any moment goes on where it
/// was, without losing or repeating a finished trial.
public final class BatchRunner: Sendable {
  /// What a batch does beside running everything.
  public struct Options: Sendable {
    /// Trials at the same time.
    public var jobs = 1
    /// Which trials run.
    public var selection = SweepPlan.Selection.open
    /// Stop at the first failure.
    public var failsFast = false
    /// Stop after so many failures; 0 for never.
    public var mostFailures = 0
    /// Folders of plugins that are searched first.
    public var plugins: [String] = []
    /// Packages whose native code may run.
    public var allowedNative: [String] = []

    /// Makes options that run what is not done, one by one.
    public init() {}
  }

  private struct State {
    var next = 0
    var failures: [RunResult] = []
    var finished = 0
    var busy: [String] = []
    var isStopped = false
    var problem: (any Error)?
  }

  private let manifest: SweepManifest
  private let folder: SweepFolder
  private let store: RunStore
  private let options: Options
  private let session: Session
  /// What is to be done.
  public let plan: SweepPlan
  private let state = Mutex(State())

  /// Opens a sweep: locks its folder, takes in what an earlier batch left, and plans.
  ///
  /// - Throws: ``RunError``.
  public init(_ manifest: SweepManifest, store: RunStore, options: Options, session: Session) throws {
    self.manifest = manifest
    self.store = store
    self.options = options
    self.session = session
    folder = try SweepFolder(root: store.root, name: manifest.header.name)
    try Self.takeIn(manifest, folder, store)
    plan = try SweepPlan(manifest, folder, store, options.selection)
  }

  /// Takes results into the store that a parent which was killed did not.
  private static func takeIn(_ manifest: SweepManifest, _ folder: SweepFolder, _ store: RunStore) throws {
    let stored = try store.statuses(sweep: manifest.header.name)
    let missing = folder.knownTrials.filter { stored[$0] != .done }
    let results = missing.compactMap { id in (try? folder.trial(id).result()).flatMap { $0 } }
    try store.ingest(
      results.map { ($0, manifest.header.name, folder.relativePath(ofTrial: $0.id)) })
  }

  /// Runs what the plan says.
  ///
  /// - Returns: The process's exit code: 0, 2 when trials failed, 75 when others work on some, 130 when the user stopped it.
  public func run() throws -> Int32 {
    try folder.write(manifest)
    let pending = plan.pending
    let group = DispatchGroup()
    let begin = ContinuousClock.now
    for _ in 0..<max(1, min(options.jobs, pending.count)) {
      DispatchQueue.global().async(group: group) { self.work(pending, begin) }
    }
    group.wait()
    session.progress.clear()
    let state = state.withLock { $0 }
    if let problem = state.problem { throw problem }
    for failure in state.failures {
      StandardError.write(
        "augq: trial \(failure.id) (\(failure.parameters.text)): \(failure.message ?? "failed")\n")
    }
    for path in state.busy { StandardError.write("augq: \(RunError.busy(folder: path))\n") }
    if session.cancellation.isCancelled { return ScriptRunner.ExitCode.interrupted }
    return !state.failures.isEmpty ? 2 : state.busy.isEmpty ? 0 : 75
  }

  private func work(_ pending: [Trial], _ begin: ContinuousClock.Instant) {
    while true {
      let trial = state.withLock { state -> Trial? in
        guard !state.isStopped, state.next < pending.count, !session.cancellation.isCancelled else {
          return nil
        }
        state.next += 1
        return pending[state.next - 1]
      }
      guard let trial else { return }
      do {
        guard let result = try run(trial) else { continue }
        try store.ingest([(result, manifest.header.name, folder.relativePath(ofTrial: trial.id))])
        state.withLock { note(result, &$0, pending.count, begin) }
      } catch {
        state.withLock { state in
          state.problem = state.problem ?? error
          state.isStopped = true
        }
      }
    }
  }

  private func note(_ result: RunResult, _ state: inout State, _ total: Int, _ begin: ContinuousClock.Instant)
  {
    state.finished += 1
    if result.status == .failed {
      state.failures.append(result)
      let limit = options.failsFast ? 1 : options.mostFailures
      if limit > 0, state.failures.count >= limit { state.isStopped = true }
    }
    let seconds = (ContinuousClock.now - begin).seconds
    let left = Int(seconds / Double(state.finished) * Double(total - state.finished))
    let failed = state.failures.isEmpty ? "" : ", \(state.failures.count) failed"
    session.progress.update(
      "\(manifest.header.name), \(left) s left\(failed)", done: state.finished, total: total)
  }

  /// Runs one trial until it is done or its retries are spent; `nil` when the user stopped it.
  private func run(_ trial: Trial) throws -> RunResult? {
    let run = folder.trial(trial.id)
    // The worker of a batch that was killed ends a moment after it.
    for _ in 0..<500 {
      guard try run.status() == .running else { break }
      Thread.sleep(forTimeInterval: 0.02)
    }
    if options.selection != .all, let result = try? run.result(), result.status == .done { return result }
    guard try run.status() != .running else {
      state.withLock { $0.busy.append(run.path) }
      return nil
    }
    // From here on, what the store knew of it is over.
    try store.remove([trial.id])
    for attempt in 1... {
      try run.clear()
      let outcome = try process(trial, run, attempt).run(cancellation: session.cancellation)
      if session.cancellation.isCancelled { return nil }
      var result = try run.result() ?? ended(trial, attempt, outcome)
      if case .signalled(let signal) = outcome.ending, result.status == .done {
        // It had said that all is well before it was killed.
        result.message = "ended by signal \(signal) after its result"
      }
      if result.status == .failed, attempt <= manifest.header.limits.retries { continue }
      if !run.hasResult { try run.write(result) }
      return result
    }
    return nil
  }

  /// The pending trials as commands for a shell, such as GNU parallel's; the next batch takes their results in.
  public func commands() throws -> [String] {
    try folder.write(manifest)
    return try plan.pending.map { trial in
      let words = try [IsolatedProcess.currentExecutable] + arguments(trial, folder.trial(trial.id), 1)
      return words.map(Self.quoted).joined(separator: " ")
    }
  }

  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=:,+".contains($0)) }
    return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }

  /// The command line of a trial behind `augq`.
  private func arguments(_ trial: Trial, _ run: RunFolder, _ attempt: Int) throws -> [String] {
    let limits = manifest.header.limits
    var arguments = [
      "run", "--trial", run.path, "--trial-id", trial.id, "--trial-parameters", try trial.parameters.json,
      "--attempt", "\(attempt)", "--runs", store.root, "--threads", "\(limits.threads)",
    ]
    if limits.memory > 0 { arguments += ["--memory", "\(limits.memory)"] }
    if limits.seconds > 0 { arguments += ["--time", "\(limits.seconds)"] }
    arguments += options.plugins.flatMap { ["--plugins", $0] }
    arguments += options.allowedNative.flatMap { ["--allow-native", $0] }
    return arguments + [manifest.header.script] + trial.parameters.flags
  }

  private func process(_ trial: Trial, _ run: RunFolder, _ attempt: Int) throws -> IsolatedProcess {
    let seconds = manifest.header.limits.seconds
    var bounds = ProcessLimits()
    bounds.fileBytes = 0
    bounds.openFiles = 1024
    var process = IsolatedProcess(
      try arguments(trial, run, attempt), limits: bounds, seconds: seconds > 0 ? seconds + 2 : 0)
    process.output = .file(run.logPath)
    return process
  }

  /// The result of a process that ended without one.
  private func ended(_ trial: Trial, _ attempt: Int, _ outcome: IsolatedProcess.Outcome) -> RunResult {
    var result = RunResult(
      id: trial.id, script: manifest.header.script, scriptDigest: manifest.header.scriptDigest,
      version: manifest.header.version, parameters: trial.parameters, attempt: attempt, environment: [:])
    result.exitCode = outcome.exitCode
    switch (outcome.limit, outcome.ending) {
    case (.time, _): result.message = "stopped after the time limit of \(manifest.header.limits.seconds) s"
    case (let limit?, _): result.message = "stopped after its limit of \(limit.rawValue)"
    case (nil, .signalled(let signal)):
      result.exitCode = 128 + signal
      result.message = "the process was ended by signal \(signal)"
    case (nil, .exited(let code)):
      result.message = "the process ended with code \(code) and left no result"
    }
    return result
  }

  /// The trials with what they logged last, in the manifest's order.
  public func table() throws -> ReportTable {
    let found = try store.runs(sweep: manifest.header.name)
    let results = Dictionary(uniqueKeysWithValues: found.map { ($0.result.id, $0.result) })
    return RunTables.trials(manifest.trials.map { ($0.id, $0.parameters, results[$0.id]) })
  }
}
