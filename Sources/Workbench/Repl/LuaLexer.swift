/// A token of Lua text that may end anywhere.
struct LuaToken: Equatable {
  /// What it is.
  enum Kind: Equatable {
    case name, number, symbol
    /// A string; open when the text ends inside it.
    case string(isOpen: Bool)
    /// A comment; open when the text ends inside it.
    case comment(isOpen: Bool)
  }
  let kind: Kind
  /// The text, of a string without its delimiters.
  let text: String
  /// Whether the token ends where the whole text ends.
  var isLast = false
}

/// Cuts Lua text into tokens, for completion and for the mute sign; it accepts texts that are no valid Lua.
struct LuaLexer {
  private var rest: Substring

  private init(_ text: String) { rest = text[...] }

  /// Returns the tokens of a text.
  static func tokens(_ text: String) -> [LuaToken] {
    var lexer = LuaLexer(text)
    var tokens: [LuaToken] = []
    while var token = lexer.next() {
      token.isLast = lexer.rest.isEmpty
      tokens.append(token)
    }
    return tokens
  }

  /// Words that are no names.
  static let keywords = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
    "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
  ]

  private mutating func next() -> LuaToken? {
    rest = rest.drop(while: \.isWhitespace)
    guard let first = rest.first else { return nil }
    if rest.hasPrefix("--") { return comment() }
    if first.isNameStart { return LuaToken(kind: .name, text: take { $0.isNameStart || $0.isNumber }) }
    if first.isNumber {
      return LuaToken(kind: .number, text: take { $0.isNameStart || $0.isNumber || $0 == "." })
    }
    if first == "\"" || first == "'" { return quoted(first) }
    if let level = longBracket { return long(level) { .string(isOpen: $0) } }
    for symbol in ["...", "..", "::", "==", "~=", "<=", ">=", "//", "<<", ">>"] where rest.hasPrefix(symbol) {
      rest = rest.dropFirst(symbol.count)
      return LuaToken(kind: .symbol, text: symbol)
    }
    rest = rest.dropFirst()
    return LuaToken(kind: .symbol, text: String(first))
  }

  private mutating func take(while condition: (Character) -> Bool) -> String {
    let taken = rest.prefix(while: condition)
    rest = rest[taken.endIndex...]
    return String(taken)
  }

  private mutating func comment() -> LuaToken {
    rest = rest.dropFirst(2)
    if let level = longBracket { return long(level) { .comment(isOpen: $0) } }
    let text = take { !$0.isNewline }
    return LuaToken(kind: .comment(isOpen: rest.isEmpty), text: text)
  }

  private mutating func quoted(_ quote: Character) -> LuaToken {
    rest = rest.dropFirst()
    var text = ""
    while let character = rest.popFirst() {
      if character == quote { return LuaToken(kind: .string(isOpen: false), text: text) }
      if character.isNewline { break }
      text.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
    }
    return LuaToken(kind: .string(isOpen: true), text: text)
  }

  /// The number of `=` in a long bracket that begins here.
  private var longBracket: Int? {
    guard rest.first == "[" else { return nil }
    let level = rest.dropFirst().prefix { $0 == "=" }.count
    return rest.dropFirst(level + 1).first == "[" ? level : nil
  }

  private mutating func long(_ level: Int, _ kind: (Bool) -> LuaToken.Kind) -> LuaToken {
    rest = rest.dropFirst(level + 2)
    let closing = "]" + String(repeating: "=", count: level) + "]"
    var text = ""
    while !rest.isEmpty {
      if rest.hasPrefix(closing) {
        rest = rest.dropFirst(closing.count)
        return LuaToken(kind: kind(false), text: text)
      }
      text.append(rest.removeFirst())
    }
    return LuaToken(kind: kind(true), text: text)
  }
}

extension Character {
  fileprivate var isNameStart: Bool { isASCII && isLetter || self == "_" }
}
