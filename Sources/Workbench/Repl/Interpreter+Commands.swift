import Bindings
import LuaRuntime
import Reporting
import Tensors

/// One command of the REPL: a row of the table that dispatch, `:help` and completion walk.
struct ReplCommand: Sendable {
  /// The name, without the colon.
  let name: String
  /// What stands behind it.
  let argument: String
  /// One line for `:help`.
  let summary: String
  let run: @Sendable (Interpreter, String) -> Interpreter.Reply

  static let all = [
    ReplCommand(name: "help", argument: "", summary: "this list") { _, _ in .done(help) },
    ReplCommand(name: "doc", argument: "NAME", summary: "documentation, as ?NAME") { $0.document($1) },
    ReplCommand(name: "who", argument: "", summary: "the globals of this session") { interpreter, _ in
      .done(interpreter.globalsText)
    },
    ReplCommand(name: "mem", argument: "", summary: "memory in use, after a collection") { interpreter, _ in
      .done(interpreter.memoryText)
    },
    ReplCommand(
      name: "time", argument: "[CODE]",
      summary: "seconds that the code takes; without code, that the last line took"
    ) { $0.time($1) },
    ReplCommand(name: "paste", argument: "", summary: "take lines as one chunk, up to :end or Ctrl-D") {
      interpreter, _ in interpreter.beginPaste()
    },
    ReplCommand(name: "quit", argument: "", summary: "leave, as Ctrl-D") { _, _ in .ended },
  ]

  private static var help: String {
    let rows = all.map { (":\($0.name)\($0.argument.isEmpty ? "" : " \($0.argument)")", $0.summary) } + notes
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { "\($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)\n" }.joined()
  }

  private static let notes = [
    ("?NAME", "documentation of a module, function, class, method, option or variable; ? lists the modules"),
    ("CODE;", "runs without printing the result"), ("_, _3", "the last result, the third one"),
    ("TAB", "completes names, fields, methods behind ':', options in { … }, paths in strings"),
    ("Ctrl-C", "stops what runs, or drops the line"),
  ]
}

extension Interpreter {
  /// Runs a line that is a command or asks for help; nil when it is Lua.
  func command(_ line: String) -> Reply? {
    if line.hasPrefix("?") { return document(String(line.dropFirst()).trimmed) }
    guard line.hasPrefix(":"), !line.hasPrefix("::") else { return nil }
    let name = line.dropFirst().prefix { !$0.isWhitespace }
    let meant = ReplCommand.all.filter { $0.name.hasPrefix(name) }
    guard meant.count == 1, !name.isEmpty else {
      let hint = nearest(String(name), among: ReplCommand.all.map(\.name))
      return .failed("there is no command ':\(name)'. \(hint) ':help' lists them.")
    }
    return meant[0].run(self, String(line.dropFirst(name.count + 1)).trimmed)
  }

  /// Documents a name; a variable of the session stands for its class or for the function it holds.
  func document(_ name: String) -> Reply {
    if name.isEmpty { return .done(manual.overview) }
    switch manual.text(for: documentedName(name)) {
    case .success(let text): return .done(text)
    case .failure(let error): return .failed(error.description)
    }
  }

  private func documentedName(_ name: String) -> String {
    let parts = name.split(whereSeparator: { ".:".contains($0) }).map(String.init)
    for count in (1...max(1, parts.count)).reversed() where count <= parts.count {
      let rest = parts.dropFirst(count).map { ".\($0)" }.joined()
      switch lua.meaning(of: Array(parts.prefix(count))) {
      case .function(_, let function): return function + rest
      case .object(let type): return type.name + rest
      default: continue
      }
    }
    return name
  }

  func time(_ code: String) -> Reply {
    guard !code.isEmpty else { return .done(secondsText) }
    let reply = run(code, moreMayFollow: false)
    if case .done(let text) = reply { return .done(text + secondsText) }
    return reply
  }

  private var secondsText: String { "\(Decimal.significant(lastDuration.seconds, digits: 4)) s\n" }

  var memoryText: String {
    lua.collectGarbage()
    let rows = [
      ("Lua", lua.luaBytes), ("tensors, networks, data", lua.nativeBytes),
      ("most of both so far", lua.peakBytes),
      ("most of the process so far", ResourceUsage.peakBytes),
    ]
    return rows.map { "\($0.0): \(Decimal.bytes($0.1))\n" }.joined()
  }

  /// The user's globals, one a line: name, type, value.
  var globalsText: String {
    guard case .table(let fields, _) = lua.meaning(of: []) else { return "" }
    let names = fields.filter { !ownGlobals.contains($0) && !$0.hasPrefix("_") }
    let width = names.map(\.count).max() ?? 0
    return names.map { name in
      let value = lua.global(name, ValueText.limits)
      let gap = String(repeating: " ", count: width - name.count + 2)
      return "\(name)\(gap)\(value.typeName)  \(ValueText.line(value))\n"
    }.joined()
  }
}
