#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Dispatch
public import Tensors

/// Ctrl-C for commands that run no Lua themselves.
public enum Interruption {
  /// Runs `body` while Ctrl-C cancels its work instead of ending the process.
  public static func cancelling<Result>(
    _ cancellation: Cancellation, _ body: () throws -> Result
  ) rethrows -> Result {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { cancellation.cancel() }
    source.activate()
    defer {
      source.cancel()
      signal(SIGINT, SIG_DFL)
    }
    return try body()
  }
}
