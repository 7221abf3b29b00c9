import Bindings
import LuaRuntime

/// What TAB offers: names that can replace the end of the line.
public struct Completion: Equatable, Sendable {
  /// How many characters before the cursor they replace.
  public var replaced: Int
  /// The names, sorted.
  public var candidates: [String]
  /// What follows a name that is the only one.
  public var suffix = ""

  /// What TAB inserts: the rest of the only name, or of what all names begin with.
  public var insertion: String {
    guard var common = candidates.first else { return "" }
    for candidate in candidates.dropFirst() {
      common = String(zip(common, candidate).prefix { $0 == $1 }.map(\.0))
    }
    return String(common.dropFirst(replaced)) + (candidates.count == 1 ? suffix : "")
  }
}

/// Completes a line of the REPL from the session's values and the binding tables.
struct Completer {
  let lua: LuaState
  let manual: Manual

  /// Completes the end of a text.
  ///
  /// - Parameter text: The chunk that has begun, up to the cursor.
  func completion(_ text: String) -> Completion {
    if let completion = ofCommand(text) { return completion }
    var tokens = LuaLexer.tokens(text)
    if let last = tokens.last, last.isLast, last.kind == .comment(isOpen: true) { return .none }
    tokens.removeAll(where: \.isComment)
    if let last = tokens.last, last.kind == .string(isOpen: true) { return ofString(tokens) }
    var partial = ""
    if let last = tokens.last, last.isLast, [.name, .number].contains(last.kind) {
      if last.kind == .number { return .none }
      partial = last.text
      tokens.removeLast()
    }
    if let last = tokens.last, last.isSymbol(".") || last.isSymbol(":") {
      return Completion(partial, among: members(tokens))
    }
    if let table = OptionTable(tokens, resolver(tokens)), table.isAtKey {
      return Completion(partial, among: table.freeKeys, suffix: " = ")
    }
    if partial.isEmpty, let last = tokens.last, last.endsOperand { return .none }
    return Completion(partial, among: globals + (partial.isEmpty ? [] : LuaLexer.keywords))
  }

  private func resolver(_ tokens: [LuaToken]) -> ExpressionResolver {
    ExpressionResolver(tokens: tokens, lua: lua, manual: manual)
  }

  private func ofCommand(_ text: String) -> Completion? {
    if text.hasPrefix(":"), !text.hasPrefix("::"), !text.contains(" ") {
      return Completion(String(text.dropFirst()), among: ReplCommand.all.map(\.name))
    }
    guard let sign = ["?", ":doc "].first(where: text.hasPrefix) else { return nil }
    let name = text.dropFirst(sign.count).drop { $0 == " " }
    return Completion(String(name), among: manual.entries.map(\.name))
  }

  private var globals: [String] {
    guard case .table(let fields, _) = lua.meaning(of: []) else { return [] }
    return fields.filter { !$0.hasPrefix("_") }
  }

  /// Fields and properties behind `.`, methods and functions behind `:`.
  private func members(_ tokens: [LuaToken]) -> [String] {
    let isMethod = tokens[tokens.count - 1].isSymbol(":")
    switch resolver(tokens).expression(endingAt: tokens.count - 2)?.meaning {
    case .table(let fields, let functions): return isMethod ? functions : fields
    case .object(let type): return isMethod ? type.methods.map(\.name) : type.properties.map(\.name)
    case .text:
      guard isMethod, case .table(_, let functions) = lua.meaning(of: ["string"]) else { return [] }
      return functions
    case .function, .other, nil: return []
    }
  }

  /// The names an option takes, else the paths of files.
  private func ofString(_ tokens: [LuaToken]) -> Completion {
    let partial = tokens[tokens.count - 1].text
    let before = Array(tokens.dropLast())
    let names = OptionTable(before, resolver(before))?.valueKind?.names ?? []
    return names.isEmpty ? ofPath(partial) : Completion(partial, among: names, suffix: "\"")
  }

  private func ofPath(_ partial: String) -> Completion {
    let slash = partial.lastIndex(of: "/").map { partial.index(after: $0) } ?? partial.startIndex
    let folder = String(partial[..<slash])
    let names = FileStatus.names(in: folder.isEmpty ? "." : folder).filter { $0 != "." && $0 != ".." }
    let isHiddenWanted = partial[slash...].hasPrefix(".")
    let shown = names.filter { isHiddenWanted || !$0.hasPrefix(".") }
    return Completion(
      String(partial[slash...]),
      among: shown.map { FileStatus.isFolder(folder + $0) ? $0 + "/" : $0 })
  }
}

extension LuaOption.Kind {
  /// The texts it takes, as far as it says.
  fileprivate var names: [String] {
    switch self {
    case .name(let names): names
    // They are quoted: "tensor", "channel" or a block size.
    case .any(let text):
      text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    default: []
    }
  }
}

extension LuaToken {
  /// Whether no name can come behind it in an expression.
  fileprivate var endsOperand: Bool {
    switch kind {
    case .name: !LuaLexer.keywords.contains(text)
    case .number, .string: true
    case .symbol: [")", "}", "]"].contains(text)
    case .comment: false
    }
  }
}

extension Completion {
  static let none = Completion(replaced: 0, candidates: [])

  fileprivate init(_ partial: String, among names: [String], suffix: String = "") {
    let candidates = Set(names.filter { $0.hasPrefix(partial) }).sorted()
    self.init(replaced: partial.count, candidates: candidates, suffix: suffix)
  }
}

extension Interpreter {
  /// What TAB offers at the end of a text, the chunk that has begun included.
  public func completion(_ line: String) -> Completion {
    Completer(lua: lua, manual: manual).completion(begun + line)
  }
}
