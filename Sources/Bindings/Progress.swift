#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Synchronization

/// One line of progress on standard error: only on a terminal, at most 10 times a second, cleared before other output.
public final class Progress: Sendable {
  private struct State {
    var lastDrawn: ContinuousClock.Instant?
    var isVisible = false
  }
  private let isTerminal: Bool
  private let state = Mutex(State())

  /// Makes a sink; silent when standard error is no terminal.
  public init() {
    isTerminal = isatty(2) == 1
  }

  /// Shows `label` and a bar for `done` of `total`.
  public func update(_ label: String, done: Int, total: Int) {
    guard isTerminal, total > 0 else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.lastDrawn, now - last < .milliseconds(100), done < total { return }
      state.lastDrawn = now
      state.isVisible = true
      let filled = 30 * done / total
      let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 30 - filled)
      write("\r\u{1B}[K\(label) [\(bar)] \(done)/\(total)")
    }
  }

  /// Takes the line away.
  public func clear() {
    state.withLock { state in
      if state.isVisible { write("\r\u{1B}[K") }
      state = State()
    }
  }

  private func write(_ text: String) {
    StandardError.write(text)
  }
}

/// Standard error, unbuffered.
public enum StandardError {
  /// Writes a text.
  public static func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
  }
}
