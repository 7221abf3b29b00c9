import Bindings
import Runs
import Synchronization
import Tensors

/// What runs the trials of a plan: processes of this machine, or jobs of a scheduler.
protocol TrialEngine: Sendable {
  /// Runs trials in order and hands over what comes of each; returns when all have ended or the intake is closed.
  ///
  /// - Throws: What stops the whole batch.
  func run(_ trials: [Trial], _ intake: TrialIntake) throws
}

/// Takes results into the store as they come, counts failures, and shows how far the batch is.
final class TrialIntake: Sendable {
  private struct State {
    var failures: [RunResult] = []
    var finished = 0
    var busy: [String] = []
    var isStopped = false
  }

  private let sweep: String
  private let store: RunStore
  private let folder: SweepFolder
  private let session: Session
  private let total: Int
  private let mostFailures: Int
  private let begin = ContinuousClock.now
  private let state = Mutex(State())

  /// Makes the intake of a batch.
  ///
  /// - Parameters:
  ///   - total: How many trials run.
  ///   - mostFailures: Failures after which no more trials begin; 0 for never.
  init(_ folder: SweepFolder, _ store: RunStore, _ session: Session, total: Int, mostFailures: Int) {
    sweep = folder.name
    (self.folder, self.store, self.session) = (folder, store, session)
    (self.total, self.mostFailures) = (total, mostFailures)
  }

  /// Whether no more trials shall begin.
  var isClosed: Bool { session.cancellation.isCancelled || state.withLock { $0.isStopped } }

  /// The failures so far, in the order in which they came.
  var failures: [RunResult] { state.withLock { $0.failures } }

  /// The folders of trials that other processes work on.
  var busy: [String] { state.withLock { $0.busy } }

  /// Forgets what the store knew of trials: from here on it is over.
  func forget(_ trials: [Trial]) throws { try store.remove(trials.map(\.id)) }

  /// Takes a result in.
  func take(_ result: RunResult) throws {
    try store.ingest([(result, sweep, folder.relativePath(ofTrial: result.id))])
    state.withLock { note(result, &$0) }
  }

  /// Says that another process works on a trial.
  func passOver(_ run: RunFolder) { state.withLock { $0.busy.append(run.path) } }

  /// Lets no more trials begin.
  func close() { state.withLock { $0.isStopped = true } }

  /// Tells the user something between the lines of progress.
  func tell(_ text: String) {
    session.progress.clear()
    StandardError.write("augq: \(text)\n")
  }

  private func note(_ result: RunResult, _ state: inout State) {
    state.finished += 1
    if result.status == .failed {
      state.failures.append(result)
      if mostFailures > 0, state.failures.count >= mostFailures { state.isStopped = true }
    }
    let seconds = (ContinuousClock.now - begin).seconds
    let left = Int(seconds / Double(state.finished) * Double(total - state.finished))
    let failed = state.failures.isEmpty ? "" : ", \(state.failures.count) failed"
    session.progress.update("\(sweep), \(left) s left\(failed)", done: state.finished, total: total)
  }
}
