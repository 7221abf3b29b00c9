#if canImport(Glibc)
  // `stdout` is a variable to C.
  @preconcurrency import Glibc
#else
  import Darwin
#endif
public import Bindings
import LuaRuntime

/// Runs a recipe: its Lua state, its modules, its arguments, and what its errors look like.
public struct ScriptRunner {
  /// Exit codes, after `sysexits.h` and GNU `timeout`.
  public enum ExitCode {
    /// The script raised an error.
    public static let script: Int32 = 1
    /// A file the user named is not there.
    public static let noInput: Int32 = 66
    /// Output that could not be written.
    public static let cannotWrite: Int32 = 73
    /// The clock ran out.
    public static let timeLimit: Int32 = 124
    /// The memory limit was reached.
    public static let memoryLimit: Int32 = 125
    /// Ctrl-C.
    public static let interrupted: Int32 = 130
  }

  /// What bounds a run.
  public struct Limits: Sendable {
    /// Bytes that Lua and native objects may hold; 0 for no limit.
    public var memory = 0
    /// Seconds of wall-clock time; 0 for no limit.
    public var seconds = 0.0
    /// Makes limits that bound nothing.
    public init() {}
  }

  private let session: Session
  private let limits: Limits

  /// Makes a runner for one script.
  public init(session: Session, limits: Limits = Limits()) {
    self.session = session
    self.limits = limits
  }

  /// Runs the script and prints its error, if any, on standard error.
  ///
  /// - Returns: The process's exit code.
  public func run() -> Int32 {
    guard let bytes = readBytes(session.scriptPath) else {
      report("cannot read \(session.scriptPath): \(String(cString: strerror(errno))). Check the path.")
      return ExitCode.noInput
    }
    do {
      let lua = try LuaState(memoryLimit: limits.memory)
      return withExtendedLifetime(lua) { execute(bytes, lua) }
    } catch {
      report("\(error)")
      return ExitCode.memoryLimit
    }
  }

  private func execute(_ bytes: [UInt8], _ lua: LuaState) -> Int32 {
    let timer = Deadline(seconds: limits.seconds, cancellation: session.cancellation, stop: lua.interrupter)
    do {
      try prepare(lua)
      catchInterrupts(lua)
      defer { lua.releaseInterrupts() }
      try lua.run(bytes: bytes, name: "@" + session.scriptPath)
      session.progress.clear()
      return flushOutput()
    } catch {
      session.progress.clear()
      let flushed = flushOutput()
      let code = finish(error, timedOut: timer.hasFired)
      return code == 0 ? flushed : code
    }
  }

  /// Lua and Swift do not look at what becomes of their prints: a full disk shows here.
  private func flushOutput() -> Int32 {
    let isFlushed = fflush(nil) == 0
    let reason = isFlushed ? "some of it was refused" : String(cString: strerror(errno))
    guard !isFlushed || ferror(stdout) != 0 else { return 0 }
    report("cannot write standard output: \(reason). What it holds is not complete; check the free space.")
    return ExitCode.cannotWrite
  }

  func catchInterrupts(_ lua: LuaState, patience: Int = 1) {
    // The cancellation outlives the run: the session holds it.
    let context = Unmanaged.passUnretained(session.cancellation).toOpaque()
    lua.catchInterrupts({ context in cancelFromSignal(context) }, context, patience: patience)
  }

  func prepare(_ lua: LuaState) throws {
    lua.register(Library.module(session))
    let arguments = session.arguments.enumerated().map {
      (key: "\($0.offset + 1)", value: LuaValue.string($0.element))
    }
    try lua.setGlobal("arg", .list(arguments.map(\.value)))
    try lua.setGlobal("__script", .string(session.scriptPath))
    try lua.setGlobal("__folder", .string(session.scriptFolder))
    try lua.run(Prelude.text, name: "=prelude")
  }

  private func finish(_ error: any Error, timedOut: Bool) -> Int32 {
    guard let error = error as? LuaError else {
      report("\(error)")
      return (error as? any ExitCoded)?.exitCode ?? ExitCode.script
    }
    if let exit = error.cause as? ScriptExit {
      if exit.exitCode != 0 { report(exit.description) }
      return exit.exitCode
    }
    if error.kind == .interrupted {
      report(timedOut ? "stopped after the time limit of \(limits.seconds) s. Raise --time." : "interrupted")
      return timedOut ? ExitCode.timeLimit : ExitCode.interrupted
    }
    report(
      error.message + SourceExcerpt.text(error.message, source: readText)
        + (error.traceback.isEmpty ? "" : "\nstack traceback:\n" + trimmed(error.traceback)))
    if error.kind == .memory { return ExitCode.memoryLimit }
    return (error.cause as? any ExitCoded)?.exitCode ?? ExitCode.script
  }

  /// Drops the frames of the C library's own start.
  private func trimmed(_ traceback: String) -> String {
    traceback.split(separator: "\n").filter { !$0.contains("[C]: in ?") }.joined(separator: "\n")
  }

  private func report(_ message: String) {
    StandardError.write("augq: \(message)\n")
  }
}

private func cancelFromSignal(_ context: UnsafeMutableRawPointer?) {
  if let context { Session.cancel(fromSignal: context) }
}

/// Returns the text of a file, or nil with `errno` set.
func readText(_ path: String) -> String? {
  readBytes(path).map { String(decoding: $0, as: UTF8.self) }
}

/// Returns the bytes of a file, or nil with `errno` set.
func readBytes(_ path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&block, 1, block.count, file)
    guard count > 0 else { break }
    bytes += block[..<count]
  }
  return ferror(file) == 0 ? bytes : nil
}
