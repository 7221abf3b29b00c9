import LuaRuntime
import Reporting

/// Lua values as the REPL prints them: tables as Lua writes them, objects by what their class tells.
enum ValueText {
  /// What the REPL reads of a value it prints.
  static let limits = LuaSnapshot.Limits(depth: 4, members: 100)
  private static let width = 100

  /// The whole text of a value.
  static func text(_ value: LuaSnapshot) -> String {
    if case .object(let object?, let row) = value { return row.inspection(of: object) }
    return text(value, indent: "")
  }

  /// One line about a value, cut to a length.
  static func line(_ value: LuaSnapshot, length: Int = 60) -> String {
    let line = text(value, indent: "").split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.count <= length ? line : line.prefix(length - 1) + "…"
  }

  private static func text(_ value: LuaSnapshot, indent: String) -> String {
    switch value {
    case .text(let text): JSON.literal(text)
    case .plain(let text, _): text
    case .function(let name): name.map { "function \($0)  (?\($0) tells more)" } ?? "function"
    case .object(let object, let row): object.map { row.description(of: $0) } ?? "a closed \(row.name)"
    case .table(let members, let omitted): table(members, omitted: omitted, indent: indent)
    }
  }

  private static func table(
    _ members: [(key: LuaSnapshot, value: LuaSnapshot)], omitted: Int, indent: String
  ) -> String {
    let inner = indent + "  "
    let list = members.prefix(while: \.key.isNumber)
    let named = members.dropFirst(list.count).map { (key: key($0.key), value: $0.value) }
    let isSequence = list.indices.allSatisfy { list[$0].key.isNumber($0 + 1) }
    var fields = list.map { (isSequence ? "" : key($0.key) + " = ") + text($0.value, indent: inner) }
    fields += named.sorted { $0.key < $1.key }.map { "\($0.key) = \(text($0.value, indent: inner))" }
    if omitted > 0 { fields.append(members.isEmpty ? "…" : "… \(omitted) more") }
    if fields.isEmpty { return "{}" }
    let line = "{ \(fields.joined(separator: ", ")) }"
    let fits = indent.count + line.count <= width && !line.contains(where: \.isNewline)
    return fits ? line : "{\n" + fields.map { "\(inner)\($0),\n" }.joined() + indent + "}"
  }

  private static func key(_ key: LuaSnapshot) -> String {
    if case .text(let name) = key, LuaLexer.tokens(name).map(\.kind) == [.name],
      !LuaLexer.keywords.contains(name)
    {
      return name
    }
    return "[\(line(key))]"
  }
}

extension LuaSnapshot {
  fileprivate var isNumber: Bool { typeName == "number" }
  fileprivate func isNumber(_ value: Int) -> Bool {
    if case .plain("\(value)", _) = self { true } else { false }
  }
}
