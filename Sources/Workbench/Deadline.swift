import Dispatch
import Synchronization
import Tensors

/// Stops a run when its time is over.
final class Deadline {
  private let fired = Flag()
  private let timer: (any DispatchSourceTimer)?

  /// Starts the clock; 0 seconds means no deadline.
  init(seconds: Double, cancellation: Cancellation, stop: @escaping @Sendable () -> Void) {
    guard seconds > 0 else {
      timer = nil
      return
    }
    let source = DispatchSource.makeTimerSource(queue: .global())
    timer = source
    source.schedule(deadline: .now() + seconds)
    source.setEventHandler { [fired] in
      fired.value.store(true, ordering: .relaxed)
      cancellation.cancel()
      stop()
    }
    source.resume()
  }

  deinit { timer?.cancel() }

  /// Whether the time is over.
  var hasFired: Bool { fired.value.load(ordering: .relaxed) }
}

private final class Flag: Sendable {
  let value = Atomic<Bool>(false)
}
