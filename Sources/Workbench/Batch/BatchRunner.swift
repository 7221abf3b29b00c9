public import Bindings
import Foundation
import LuaRuntime
public import Reporting
public import Runs
import Tensors

/// Runs the trials of a sweep, each in a process of its own, and keeps what comes of them.
///
/// What a trial did is in its folder before the store hears of it: a batch that was killed at any moment goes on where it
/// was, without losing or repeating a finished trial.
public final class BatchRunner: Sendable {
  /// Where trials run.
  public enum Engine: Sendable {
    /// In processes of this machine, so many at the same time.
    case local(jobs: Int)
    /// In job arrays of Slurm.
    case slurm(SlurmOptions)
  }

  /// What a batch does beside running everything.
  public struct Options: Sendable {
    /// Where trials run.
    public var engine = Engine.local(jobs: 1)
    /// Which trials run.
    public var selection = SweepPlan.Selection.open
    /// Stop after so many failures; 0 for never.
    public var mostFailures = 0
    /// Trials that are left alone.
    public var leftAlone: Set<String> = []
    /// Folders of plugins that are searched first.
    public var plugins: [String] = []
    /// Packages whose native code may run.
    public var allowedNative: [String] = []

    /// Makes options that run what is not done, one by one.
    public init() {}
  }

  let manifest: SweepManifest
  let folder: SweepFolder
  private let store: RunStore
  let options: Options
  private let session: Session
  let runner: TrialRunner
  /// What is to be done.
  public let plan: SweepPlan

  /// Opens a sweep: locks its folder, takes in what an earlier batch left, and plans.
  ///
  /// - Throws: ``RunError``.
  public init(_ manifest: SweepManifest, store: RunStore, options: Options, session: Session) throws {
    self.manifest = manifest
    self.store = store
    self.options = options
    self.session = session
    runner = TrialRunner(
      header: manifest.header, root: store.root, plugins: options.plugins,
      allowedNative: options.allowedNative, cancellation: session.cancellation)
    folder = try SweepFolder(root: store.root, name: manifest.header.name)
    try Self.takeIn(folder, store)
    plan = try SweepPlan(manifest, folder, store, options.selection, leavingAlone: options.leftAlone)
  }

  /// Takes results into the store that a parent which was killed did not.
  static func takeIn(_ folder: SweepFolder, _ store: RunStore) throws {
    let stored = try store.statuses(sweep: folder.name)
    let missing = folder.knownTrials.filter { stored[$0] != .done }
    let results = missing.compactMap { id in (try? folder.trial(id).result()).flatMap { $0 } }
    try store.ingest(results.map { ($0, folder.name, folder.relativePath(ofTrial: $0.id)) })
  }

  /// What a batch has done.
  public struct Outcome: Sendable {
    /// The process's exit code: 0, 2 when trials failed, 75 when others work on some, 130 when the user stopped it.
    public let code: Int32
    /// How many trials failed.
    public let failures: Int
    /// Whether it stopped before all was tried, as the user or the number of failures asked.
    public let isStopped: Bool
  }

  /// Runs what the plan says.
  ///
  /// - Throws: ``RunError``, ``SlurmError``, or ``LuaUsageError`` when a process cannot be started.
  public func run() throws -> Outcome {
    try folder.write(manifest)
    let pending = plan.pending
    let intake = TrialIntake(
      folder, store, session, total: pending.count, mostFailures: options.mostFailures)
    defer { session.progress.clear() }
    try engine().run(pending, intake)
    session.progress.clear()
    for failure in intake.failures {
      StandardError.write(
        "augq: trial \(failure.id) (\(failure.parameters.text)): \(failure.message ?? "failed")\n")
    }
    for path in intake.busy { StandardError.write("augq: \(RunError.busy(folder: path))\n") }
    let isCancelled = session.cancellation.isCancelled
    let code: Int32 =
      isCancelled
      ? ScriptRunner.ExitCode.interrupted : !intake.failures.isEmpty ? 2 : intake.busy.isEmpty ? 0 : 75
    let failures = intake.failures.count
    return Outcome(
      code: code, failures: failures,
      isStopped: isCancelled || options.mostFailures > 0 && failures >= options.mostFailures)
  }

  /// The runner with the state of the repository: asked once for all trials, and not for a plan.
  private var knowingRunner: TrialRunner {
    var runner = runner
    runner.repository = RunEnvironment.repositoryState(of: manifest.header.script)
    return runner
  }

  private func engine() throws -> any TrialEngine {
    let slurm = Slurm()
    let queue = try SlurmQueue(folder, slurm)
    let repeatsDone = options.selection == .all
    switch options.engine {
    case .local(let jobs):
      return LocalEngine(runner: knowingRunner, jobs: jobs, repeatsDone: repeatsDone, queue: queue)
    case .slurm(let slurmOptions):
      return SlurmEngine(
        slurm: slurm, options: slurmOptions, folder: folder, runner: runner, queue: queue,
        repeatsDone: repeatsDone)
    }
  }

  /// The pending trials as commands for a shell, such as GNU parallel's; the next batch takes their results in.
  public func commands() throws -> [String] {
    try folder.write(manifest)
    let runner = knowingRunner
    return try plan.pending.map { trial in
      let words = try [IsolatedProcess.currentExecutable] + runner.arguments(trial)
      return words.map(ShellWord.quoted).joined(separator: " ")
    }
  }

  /// The trials with what they logged last, in the manifest's order.
  public static func table(_ manifest: SweepManifest, _ store: RunStore) throws -> ReportTable {
    let found = try store.runs(sweep: manifest.header.name)
    let results = Dictionary(uniqueKeysWithValues: found.map { ($0.result.id, $0.result) })
    return RunTables.trials(manifest.trials.map { ($0.id, $0.parameters, results[$0.id]) })
  }
}
