public import Bindings
import LuaRuntime
import Tensors

/// The engine behind `augq repl`: takes lines, runs them, and says what to print.
///
/// It knows no terminal.
/// Globals last from line to line, and so do the locals of a finished chunk, which become globals.
public final class Interpreter {
  /// What came of a line.
  public enum Reply: Equatable, Sendable {
    /// The chunk goes on.
    case waiting
    /// It ran; what to print, empty or ending in a newline.
    case done(String)
    /// It failed; the message.
    case failed(String)
    /// Ctrl-C stopped it.
    case interrupted
    /// The session is over.
    case ended
  }

  /// What the lines in messages count from.
  public enum LineNumbers: Sendable {
    /// The first line of the session.
    case ofSession
    /// The first line of each chunk.
    case ofChunk
  }

  /// The documentation of everything scripts can call.
  private(set) lazy var manual = Manual(lua.expand(Library.module(session)))
  let lua: LuaState
  private let session: Session
  private let runner: ScriptRunner
  private let keepLocals: LuaReference
  private let identity: LuaReference
  private let describe: LuaReference
  private let lineNumbers: LineNumbers
  private var chunk: [String] = []
  private var isPasting = false
  private var lineNumber = 0
  private var chunkStart = 1
  private var resultCount = 0
  private(set) var lastDuration = Duration.zero

  /// Results that `_1`, `_2`, … name at the same time.
  static let keptResults = 20
  /// Globals of a fresh session; all others are the user's.
  let ownGlobals: Set<String>

  /// Starts a session with `augq` required.
  ///
  /// - Throws: ``LuaError`` when there is no memory for it.
  public init(session: Session, memoryLimit: Int = 0, lineNumbers: LineNumbers) throws {
    self.session = session
    self.lineNumbers = lineNumbers
    runner = ScriptRunner(session: session)
    lua = try LuaState(memoryLimit: memoryLimit)
    try runner.prepare(lua)
    identity = try lua.compile("return ...", name: "=identity")
    describe = try lua.compile("return tostring(...)", name: "=describe")
    keepLocals = try lua.compile(Self.localsBecomeGlobals, name: "=locals").results()[0]
    try lua.run("augq = require 'augq'", name: "=prelude")
    if case .table(let fields, _) = lua.meaning(of: []) { ownGlobals = Set(fields) } else { ownGlobals = [] }
  }

  /// A function that a chunk of statements calls last.
  private static let localsBecomeGlobals = """
    local getlocal, rawset, sub, globals = debug.getlocal, rawset, string.sub, _G
    return function()
      local index = 1
      while true do
        local name, value = getlocal(2, index)
        if not name then return end
        if sub(name, 1, 1) ~= "(" then rawset(globals, name, value) end
        index = index + 1
      end
    end
    """

  /// Whether a chunk has begun and not ended.
  public var isWaiting: Bool { !chunk.isEmpty || isPasting }
  /// The lines of the chunk that has begun.
  public var begun: String { chunk.map { $0 + "\n" }.joined() }

  /// Makes Ctrl-C stop what a line runs; the fifth during one line ends the process.
  public func catchInterrupts() { runner.catchInterrupts(lua, patience: 4) }

  /// Forgets the chunk that has begun.
  public func abandon() {
    chunk = []
    isPasting = false
  }

  /// Takes one line.
  public func feed(_ line: String) -> Reply {
    lineNumber += 1
    if chunk.isEmpty { chunkStart = lineNumber }
    if isPasting {
      if line.trimmed == ":end" { return finishPaste() }
      chunk.append(line)
      return .waiting
    }
    if chunk.isEmpty, let reply = command(line.trimmed) { return reply }
    chunk.append(line)
    return run(chunk.joined(separator: "\n"), moreMayFollow: true)
  }

  /// Ends the input: a chunk that has begun runs as it is.
  public func finish() -> Reply {
    if isPasting { return finishPaste() }
    return chunk.isEmpty ? .done("") : run(chunk.joined(separator: "\n"), moreMayFollow: false)
  }

  func beginPaste() -> Reply {
    isPasting = true
    return .waiting
  }

  private func finishPaste() -> Reply {
    isPasting = false
    return run(chunk.joined(separator: "\n"), moreMayFollow: false)
  }

  /// Compiles and runs a text; waits for more of it when it is incomplete.
  func run(_ text: String, moreMayFollow: Bool) -> Reply {
    // What Ctrl-C stopped before must not stop this.
    lua.clearInterrupt()
    session.cancellation.reset()
    do {
      let compiled = try compile(text)
      let start = ContinuousClock.now
      defer {
        lastDuration = ContinuousClock.now - start
        session.progress.clear()
      }
      let results = try compiled.chunk.results([compiled.argument])
      chunk = []
      return .done(try show(results, isMuted: LuaLexer.tokens(text).last { !$0.isComment }?.text == ";"))
    } catch let error as LuaError where error.isIncomplete && moreMayFollow {
      return .waiting
    } catch {
      defer { chunk = [] }
      return failure(error, text)
    }
  }

  /// The text as an expression if it is one, else as statements, and the function to call it with.
  private func compile(_ text: String) throws -> (chunk: LuaReference, argument: LuaReference) {
    let above = String(repeating: "\n", count: lineNumbers == .ofSession ? chunkStart - 1 : 0)
    func compiled(_ text: String) throws -> LuaReference {
      try lua.compile(above + text, name: Self.chunkName)
    }
    do {
      let plain = try compiled("return " + text)
      // A call behind `return` replaces its caller, and errors lose their line: make it an argument.
      let call = "return (...)(\(text.droppingMuteSign)"
      return ((try? compiled(call + ")")) ?? (try? compiled(call + "\n)")) ?? plain, identity)
    } catch let asExpression as LuaError {
      do {
        let plain = try compiled(text)
        // A chunk that ends with `return` takes nothing behind it.
        return ((try? compiled(text + "\n;(...)()")) ?? plain, keepLocals)
      } catch let asStatement as LuaError {
        let first = LuaLexer.tokens(text).first?.text ?? ""
        let isExpression = asExpression.isIncomplete || asStatement.message.hasSuffix("near '\(first)'")
        throw isExpression && !asStatement.isIncomplete ? asExpression : asStatement
      }
    }
  }

  private static let chunkName = "=stdin"

  private func show(_ results: [LuaReference], isMuted: Bool) throws -> String {
    var text = ""
    for (index, result) in results.enumerated() {
      resultCount += 1
      if index == 0 { try lua.setGlobal("_", .function(result)) }
      try lua.setGlobal("_\(resultCount)", .function(result))
      try lua.setGlobal("_\(resultCount - Self.keptResults)", .nil)
      if !isMuted { text += "\(try self.text(of: result))\n" }
    }
    return text
  }

  private func text(of result: LuaReference) throws -> String {
    if result.describesItself { return try describe.result([.function(result)]).text ?? "" }
    return ValueText.text(try result.snapshot(ValueText.limits))
  }

  private func failure(_ error: any Error, _ text: String) -> Reply {
    guard let error = error as? LuaError else { return .failed("\(error)") }
    if error.kind == .interrupted { return .interrupted }
    if let exit = error.cause as? ScriptExit { return .failed(exit.description) }
    let excerpt = SourceExcerpt.text(error.message) { name in
      name == "stdin" ? (chunk.count > 1 && lineNumbers == .ofChunk ? text : nil) : readText(name)
    }
    let frames = error.traceback.split(separator: "\n").filter {
      frame in !["[C]:", "in main chunk", "\tprelude:", "(...tail calls...)"].contains { frame.contains($0) }
    }
    let trace = frames.isEmpty ? "" : "\nstack traceback:\n" + frames.joined(separator: "\n")
    return .failed(error.message + excerpt + trace)
  }
}

extension String {
  var trimmed: String {
    let head = drop(while: \.isWhitespace)
    return String(head.reversed().drop(while: \.isWhitespace).reversed())
  }
}

extension String {
  /// The text without the `;` at its end that mutes it.
  fileprivate var droppingMuteSign: String { trimmed.last == ";" ? String(trimmed.dropLast()) : self }
}

extension LuaToken {
  var isComment: Bool { if case .comment = kind { true } else { false } }
}
