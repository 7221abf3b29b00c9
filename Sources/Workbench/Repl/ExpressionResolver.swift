import LuaRuntime

/// Finds what an expression stands for without running it: values of the session, and what rows of the binding tables
/// say of results and properties.
struct ExpressionResolver {
  let tokens: [LuaToken]
  let lua: LuaState
  let manual: Manual

  /// What an expression is, where it begins, and its path when it is a value of the session.
  struct Expression {
    var meaning: LuaMeaning
    let start: Int
    var path: [String]?
  }

  /// Resolves the longest chain of names, fields, methods and calls that ends with a token.
  func expression(endingAt end: Int) -> Expression? {
    guard tokens.indices.contains(end) else { return nil }
    switch tokens[end].kind {
    case .name: return named(end)
    case .string:
      return call(calleeEnd: end - 1, argument: tokens[end].text) ?? Expression(meaning: .text, start: end)
    case .symbol where [")", "}"].contains(tokens[end].text):
      guard let opening = opening(of: end) else { return nil }
      let argument = opening + 2 == end && tokens[opening + 1].isString ? tokens[opening + 1].text : nil
      return call(calleeEnd: opening - 1, argument: argument)
    default: return nil
    }
  }

  private func named(_ index: Int) -> Expression? {
    let name = tokens[index].text
    guard !LuaLexer.keywords.contains(name) else { return nil }
    guard index > 0, tokens[index - 1].isSymbol(".") || tokens[index - 1].isSymbol(":") else {
      return lua.meaning(of: [name]).map { Expression(meaning: $0, start: index, path: [name]) }
    }
    guard let base = expression(endingAt: index - 2) else { return nil }
    return member(name, of: base)
  }

  private func member(_ name: String, of base: Expression) -> Expression? {
    if case .object(let type) = base.meaning {
      if let method = type.methods.first(where: { $0.name == name }) {
        return Expression(meaning: .function(method, name: "\(type.name):\(name)"), start: base.start)
      }
      return type.properties.first { $0.name == name }.flatMap { typed($0.type, start: base.start) }
    }
    let path: [String]? = if case .text = base.meaning { ["string"] } else { base.path }
    guard let whole = path.map({ $0 + [name] }) else { return nil }
    return lua.meaning(of: whole).map { Expression(meaning: $0, start: base.start, path: whole) }
  }

  private func call(calleeEnd: Int, argument: String?) -> Expression? {
    guard let callee = expression(endingAt: calleeEnd) else { return nil }
    if callee.path == ["require"], let argument {
      let path = ["package", "loaded", argument]
      return lua.meaning(of: path).map { Expression(meaning: $0, start: callee.start, path: path) }
    }
    guard case .function(let row, _) = callee.meaning, let returns = row.returns else { return nil }
    return typed(returns, start: callee.start)
  }

  /// A value of a LuaCATS type; of several results, the first.
  private func typed(_ text: String, start: Int) -> Expression? {
    let name = String(text.prefix { $0 != "," })
    if name == "string" { return Expression(meaning: .text, start: start) }
    return manual.type(name).map { Expression(meaning: .object($0), start: start) }
  }

  /// The bracket that a closing one closes.
  private func opening(of end: Int) -> Int? {
    var depth = 0
    for index in (0...end).reversed() where tokens[index].kind == .symbol {
      if [")", "}", "]"].contains(tokens[index].text) { depth += 1 }
      if ["(", "{", "["].contains(tokens[index].text) { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }
}

extension LuaToken {
  func isSymbol(_ text: String) -> Bool { kind == .symbol && self.text == text }
  var isString: Bool { if case .string = kind { true } else { false } }
}
