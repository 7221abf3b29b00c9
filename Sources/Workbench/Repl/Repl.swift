#if canImport(Glibc)
  // `stdout` is a variable to C.
  @preconcurrency import Glibc
#else
  import Darwin
#endif
public import Bindings
import LuaRuntime

/// `augq repl`: the interpreter on a terminal, or on lines from a pipe.
public struct Repl {
  private let session: Session
  private let memoryLimit: Int

  /// Makes a REPL.
  public init(session: Session, memoryLimit: Int = 0) {
    self.session = session
    self.memoryLimit = memoryLimit
  }

  /// Runs until the end of the input.
  ///
  /// - Returns: The process's exit code.
  public func run() -> Int32 {
    let isTerminal = isatty(0) == 1 && isatty(1) == 1
    do {
      let interpreter = try Interpreter(
        session: session, memoryLimit: memoryLimit, lineNumbers: isTerminal ? .ofChunk : .ofSession)
      return isTerminal ? onTerminal(interpreter) : onLines(interpreter)
    } catch {
      StandardError.write("augq: \(error)\n")
      return ScriptRunner.ExitCode.resourceLimit
    }
  }

  private func onTerminal(_ interpreter: Interpreter) -> Int32 {
    let history = LineHistory(path: UserFolders.state + "/history")
    guard let editor = LineEditor(history: history.lines(), complete: { interpreter.completion($0) }) else {
      return onLines(interpreter)
    }
    print("augq \(Library.version), Lua \(LuaState.release). ':help' lists commands, Ctrl-D leaves.")
    while true {
      fflush(stdout)
      switch editor.read(prompt: interpreter.isWaiting ? "   >> " : "augq> ") {
      case .interrupted:
        print("^C")
        interpreter.abandon()
      case .end:
        print("")
        guard interpreter.isWaiting else { return 0 }
        interpreter.catchInterrupts()
        show(interpreter.finish())
      case .line(let line):
        editor.remember(line)
        history.add(line)
        interpreter.catchInterrupts()
        if !show(interpreter.feed(line)) { return 0 }
      }
    }
  }

  /// Lines without a prompt; a line that fails does not end them, but the code says so.
  private func onLines(_ interpreter: Interpreter) -> Int32 {
    var code: Int32 = 0
    func take(_ reply: Interpreter.Reply) -> Bool {
      if case .failed = reply { code = ScriptRunner.ExitCode.script }
      if reply == .interrupted { code = ScriptRunner.ExitCode.interrupted }
      return show(reply) && reply != .interrupted
    }
    interpreter.catchInterrupts()
    while let line = readLine() {
      interpreter.catchInterrupts()
      if !take(interpreter.feed(line)) { return code }
    }
    _ = take(interpreter.finish())
    return code
  }

  /// Prints what came of a line; false when the session is over.
  @discardableResult
  private func show(_ reply: Interpreter.Reply) -> Bool {
    switch reply {
    case .waiting: break
    case .done(let text): print(text, terminator: "")
    case .failed(let message): complain(message)
    case .interrupted: complain("interrupted")
    case .ended: return false
    }
    return true
  }

  private func complain(_ message: String) {
    fflush(stdout)
    StandardError.write("augq: \(message)\n")
  }
}
