import Dispatch
import Synchronization
import Tensors

/// Cancels native work when the time of one call is over, and lets the work of later calls go on.
final class NativeDeadline {
  private struct State {
    var isOver = false
    var hasCancelled = false
  }
  private let state = SharedState()
  private let timer: (any DispatchSourceTimer)?
  private let cancellation: Cancellation

  init(seconds: Double, cancellation: Cancellation) {
    self.cancellation = cancellation
    guard seconds > 0 else {
      timer = nil
      return
    }
    timer = DispatchSource.once(after: seconds) { [state] in
      state.value.withLock { state in
        // A request that was there before is somebody else's, and stays.
        guard !state.isOver, !cancellation.isCancelled else { return }
        state.hasCancelled = true
        cancellation.cancel()
      }
    }
  }

  deinit {
    timer?.cancel()
    state.value.withLock { state in
      state.isOver = true
      if state.hasCancelled { cancellation.reset() }
    }
  }

  private final class SharedState: Sendable {
    let value = Mutex(State())
  }
}
