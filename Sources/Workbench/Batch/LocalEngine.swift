import Dispatch
import Runs
import Synchronization

/// Runs trials in processes of this machine, a few at the same time.
struct LocalEngine: TrialEngine {
  let runner: TrialRunner
  /// Trials at the same time.
  let jobs: Int
  /// Whether trials that are done run too.
  let repeatsDone: Bool
  /// Tasks of Slurm that an earlier batch left.
  let queue: SlurmQueue

  func run(_ trials: [Trial], _ intake: TrialIntake) throws {
    let queue = TrialQueue(trials, intake)
    let group = DispatchGroup()
    for _ in 0..<max(1, min(jobs, trials.count)) {
      DispatchQueue.global().async(group: group) {
        while let trial = queue.next() {
          do { try run(trial, intake) } catch { queue.stop(error) }
        }
      }
    }
    group.wait()
    if let problem = queue.problem { throw problem }
  }

  private func run(_ trial: Trial, _ intake: TrialIntake) throws {
    guard queue.places[trial.id] == nil else { return intake.passOver(runner.folder(trial)) }
    let before = TrialRunner.Before(
      stands: { $0.status == .done && !repeatsDone }, isAlive: queue.isAlive,
      willBegin: { try intake.forget([trial]) })
    switch try runner.run(trial, before) {
    case .finished(let result): try intake.take(result)
    case .busy: intake.passOver(runner.folder(trial))
    case .cancelled: return
    }
  }
}

/// The trials that are left, for several threads.
private final class TrialQueue: Sendable {
  private let trials: [Trial]
  private let intake: TrialIntake
  private let state = Mutex((next: 0, problem: (any Error)?.none))

  init(_ trials: [Trial], _ intake: TrialIntake) { (self.trials, self.intake) = (trials, intake) }

  /// What stopped the queue.
  var problem: (any Error)? { state.withLock { $0.problem } }

  func next() -> Trial? {
    state.withLock { state in
      guard state.problem == nil, state.next < trials.count, !intake.isClosed else { return nil }
      state.next += 1
      return trials[state.next - 1]
    }
  }

  func stop(_ error: any Error) { state.withLock { $0.problem = $0.problem ?? error } }
}
