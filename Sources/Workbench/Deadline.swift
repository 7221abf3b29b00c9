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
    timer = DispatchSource.once(after: seconds) { [fired] in
      fired.value.store(true, ordering: .relaxed)
      cancellation.cancel()
      stop()
    }
  }

  deinit { timer?.cancel() }

  /// Whether the time is over.
  var hasFired: Bool { fired.value.load(ordering: .relaxed) }
}

extension DispatchSource {
  /// A timer that calls `body` once, unless it is cancelled before.
  static func once(after seconds: Double, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceTimer {
    let source = makeTimerSource(queue: .global())
    source.schedule(deadline: .now() + seconds)
    source.setEventHandler(handler: body)
    source.resume()
    return source
  }
}

private final class Flag: Sendable {
  let value = Atomic<Bool>(false)
}
