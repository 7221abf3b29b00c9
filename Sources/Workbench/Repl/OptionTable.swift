import LuaRuntime

/// The table of options that a text ends in: the `{ …` of a call whose function has options.
struct OptionTable {
  private let options: [LuaOption]
  /// The tokens behind the brace.
  private let content: ArraySlice<LuaToken>

  /// Finds it; nil when the text does not end in one.
  init?(_ tokens: [LuaToken], _ resolver: ExpressionResolver) {
    var open: [Int] = []
    for (index, token) in tokens.enumerated() where token.kind == .symbol {
      if ["(", "{", "["].contains(token.text) { open.append(index) }
      if [")", "}", "]"].contains(token.text) { _ = open.popLast() }
    }
    guard let brace = open.last, tokens[brace].isSymbol("{") else { return nil }
    let isArgument = brace > 0 && (tokens[brace - 1].isSymbol(",") || tokens[brace - 1].isSymbol("("))
    let calleeEnd = isArgument ? open.dropLast().last.map { $0 - 1 } : brace - 1
    guard let calleeEnd, case .function(let row, _) = resolver.expression(endingAt: calleeEnd)?.meaning,
      !row.options.isEmpty
    else { return nil }
    options = row.options
    content = tokens[(brace + 1)...]
  }

  /// Whether a key comes next.
  var isAtKey: Bool {
    guard let last = content.last else { return true }
    return last.isSymbol(",") || last.isSymbol(";")
  }

  /// The keys that are not there yet.
  var freeKeys: [String] {
    let given = zip(content, content.dropFirst()).filter { $0.kind == .name && $1.isSymbol("=") }.map(
      \.0.text)
    return options.map(\.name).filter { !given.contains($0) }
  }

  /// What the key takes whose value comes next.
  var valueKind: LuaOption.Kind? {
    guard content.count >= 2, content[content.endIndex - 1].isSymbol("=") else { return nil }
    return options.first { $0.name == content[content.endIndex - 2].text }?.kind
  }
}
