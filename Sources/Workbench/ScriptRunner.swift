#if canImport(Glibc)
  // `stdout` is a variable to C.
  @preconcurrency import Glibc
#else
  import Darwin
#endif
public import Bindings
import LuaRuntime
import Runs

/// Runs a recipe: its Lua state, its modules, its arguments, and what its errors look like.
public struct ScriptRunner {
  private let session: Session
  private let policy: SandboxPolicy
  private let channel: ResultChannel?
  private var said: LastMessage?

  /// Makes a runner for one script.
  ///
  /// - Parameter policy: Of profile trusted or restricted; an isolated run is a restricted one in an ``IsolatedProcess``.
  /// - Parameter channel: Gets the text that the script returns, or the limit that ended it.
  public init(
    session: Session, policy: SandboxPolicy = SandboxPolicy(.trusted), channel: ResultChannel? = .inherited
  ) {
    self.session = session
    self.policy = policy
    self.channel = channel
  }

  /// Runs the script and prints its error, if any, on standard error.
  ///
  /// - Returns: The process's exit code.
  public func run() -> Int32 {
    let said = LastMessage()
    var runner = self
    runner.said = said
    do { try session.journal.begin() } catch {
      report("\(error)")
      return ExitCode.cannotWrite
    }
    let outcome = runner.runScript()
    do {
      try session.journal.finish(
        exitCode: outcome.code, message: outcome.code == 0 ? nil : said.text, value: outcome.value,
        peakBytes: outcome.peakBytes)
    } catch {
      report("\(error)")
      return outcome.code == 0 ? ExitCode.cannotWrite : outcome.code
    }
    return outcome.code
  }

  private typealias ScriptOutcome = (code: Int32, value: String?, peakBytes: Int)

  private func runScript() -> ScriptOutcome {
    guard let bytes = readBytes(session.scriptPath) else {
      report("cannot read \(session.scriptPath): \(String(cString: strerror(errno))). Check the path.")
      return (ExitCode.noInput, nil, 0)
    }
    do {
      let lua = try LuaState(memoryLimit: policy.memory)
      return withExtendedLifetime(lua) { execute(bytes, lua) }
    } catch {
      report("\(error)")
      return (ExitCode.resourceLimit, nil, 0)
    }
  }

  private func execute(_ bytes: [UInt8], _ lua: LuaState) -> ScriptOutcome {
    let timer = Deadline(seconds: policy.seconds, cancellation: session.cancellation, stop: lua.interrupter)
    do {
      catchInterrupts(lua)
      defer { lua.releaseInterrupts() }
      let result = try evaluate(bytes, lua)
      session.progress.clear()
      let flushed = flushOutput()
      if flushed == 0, let text = result.text { channel?.send(.value(Array(text.utf8))) }
      return (flushed, result.text, lua.peakBytes)
    } catch {
      session.progress.clear()
      let flushed = flushOutput()
      let code = finish(error, timedOut: timer.hasFired)
      return (code == 0 ? flushed : code, nil, lua.peakBytes)
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

  /// Makes a state ready for trusted code: the library, the recipe's arguments and the prelude.
  func prepare(_ lua: LuaState) throws {
    register(lua)
    try lua.setGlobal("arg", arguments)
    try lua.setGlobal("__script", .string(session.scriptPath))
    try lua.setGlobal("__folder", .string(session.scriptFolder))
    try lua.run(Prelude.text, name: "=prelude")
  }

  private func register(_ lua: LuaState) {
    lua.onWarning = { [session] in
      session.progress.clear()
      StandardError.write("augq: warning: \($0)\n")
    }
    lua.register(Library.module(session))
  }

  private var arguments: LuaValue { .list(session.arguments.map { .string($0) }) }

  private func evaluate(_ bytes: [UInt8], _ lua: LuaState) throws -> LuaValue {
    let name = "@" + session.scriptPath
    // A ``Deadline`` watches the clock, and the state has the memory limit.
    let budget = LuaBudget(instructions: policy.instructions)
    if policy.profile == .trusted {
      try prepare(lua)
      return try lua.within(budget) { try lua.evaluate(bytes, name: name) }
    }
    register(lua)
    let sandbox = try LuaSandbox(
      lua, files: scriptFiles(), budget: budget, moduleFolders: [session.scriptFolder])
    try sandbox.setGlobal("arg", arguments)
    try sandbox.setGlobal("__script", .string(session.scriptPath))
    _ = try sandbox.run(Array("arg[0] = __script __script = nil".utf8), name: "=prelude")
    return try sandbox.run(bytes, name: name)
  }

  /// What a restricted script may use: its own folder and plugins to read, and the policy's roots.
  private func scriptFiles() throws -> FileRoots {
    try FileRoots(
      read: [session.scriptFolder] + policy.readRoots + PluginCatalogue.folders(of: session),
      write: policy.writeRoots)
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
      if timedOut { channel?.send(.limit(.time)) }
      report(timedOut ? "stopped after the time limit of \(policy.seconds) s. Raise --time." : "interrupted")
      return timedOut ? ExitCode.timeLimit : ExitCode.interrupted
    }
    if error.kind == .instructions {
      channel?.send(.limit(.instructions))
      report("stopped after the limit of \(policy.instructions) instructions. Raise --instructions.")
      return ExitCode.resourceLimit
    }
    report(
      error.message + SourceExcerpt.text(error.message, source: shownSource)
        + (error.traceback.isEmpty ? "" : "\nstack traceback:\n" + trimmed(error.traceback)))
    let code = (error.cause as? any ExitCoded)?.exitCode ?? ExitCode.script
    guard error.kind == .memory || code == ExitCode.resourceLimit else { return code }
    channel?.send(.limit(.memory))
    return ExitCode.resourceLimit
  }

  /// A message may begin with the path of any file: what a script could not read is not shown either.
  private func shownSource(_ path: String) -> String? {
    let mayShow = policy.profile == .trusted || (try? scriptFiles().resolve(path, for: .read)) != nil
    return mayShow ? readText(path) : nil
  }

  /// Drops the frames of the C library's own start.
  private func trimmed(_ traceback: String) -> String {
    traceback.split(separator: "\n").filter { !$0.contains("[C]: in ?") }.joined(separator: "\n")
  }

  private func report(_ message: String) {
    said?.text = message.split(separator: "\n", maxSplits: 1).first.map(String.init)
    StandardError.write("augq: \(message)\n")
  }
}

/// The first line of the message that a run ended with.
private final class LastMessage {
  var text: String?
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
