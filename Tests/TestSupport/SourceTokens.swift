/// A language whose string literals can be read.
public enum SourceLanguage: String, Sendable {
  case swift, c, lua

  fileprivate var comment: [UInt8] { Array((self == .lua ? "--" : "//").utf8) }
  fileprivate var quotes: [UInt8] { Array((self == .lua ? "\"'" : "\"").utf8) }
}

/// One token of a source text: enough structure to find messages, no more.
public struct SourceToken: Equatable, Sendable {
  /// What a token is; the parts of a literal are its fixed texts, with something unknown between each two.
  public enum Kind: Equatable, Sendable {
    case word(String), symbol(UInt8), literal([String])
  }

  /// What it is.
  public let kind: Kind
  /// Its line, from 1.
  public let line: Int

  /// Whether it is the operator or bracket of this character.
  public func isSymbol(_ character: Character) -> Bool { kind == .symbol(character.asciiValue ?? 0) }

  /// 1 for an opening bracket, -1 for a closing one, else 0.
  var nesting: Int {
    guard case .symbol(let byte) = kind else { return 0 }
    return "([{".utf8.contains(byte) ? 1 : ")]}".utf8.contains(byte) ? -1 : 0
  }
}

/// Reads a source text as tokens; comments and characters of C are left out.
public struct SourceTokens {
  private let bytes: [UInt8]
  private let language: SourceLanguage
  private var position = 0
  private var line = 1
  private var tokens: [SourceToken] = []

  /// The tokens of a text.
  public static func of(_ text: String, _ language: SourceLanguage) -> [SourceToken] {
    var reader = SourceTokens(bytes: Array(text.utf8), language: language)
    while reader.position < reader.bytes.count { reader.readToken() }
    return reader.tokens
  }

  private init(bytes: [UInt8], language: SourceLanguage) {
    (self.bytes, self.language) = (bytes, language)
  }

  private func starts(_ text: some Collection<UInt8>) -> Bool { bytes[position...].starts(with: text) }
  private func starts(_ text: String) -> Bool { starts(text.utf8) }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<min(count, bytes.count - position) {
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
  }

  private mutating func skip(to end: String) {
    while position < bytes.count, !starts(end) { advance() }
    advance(end.utf8.count)
  }

  private mutating func readToken() {
    let byte = bytes[position]
    if starts(language.comment) {
      if language == .lua, starts("--[[") { skip(to: "]]") } else { skip(to: "\n") }
    } else if language != .lua, starts("/*") {
      skip(to: "*/")
    } else if language == .lua, starts("[[") {
      let start = line
      advance(2)
      let begin = position
      skip(to: "]]")
      add(.literal([String(decoding: bytes[begin..<max(begin, position - 2)], as: UTF8.self)]), start)
    } else if language == .c, byte == UInt8(ascii: "'") {
      advance(bytes[position + 1] == UInt8(ascii: "\\") ? 4 : 3)
    } else if language == .swift, starts("#\"") {
      readLiteral(hashes: 1)
    } else if language.quotes.contains(byte) {
      readLiteral(hashes: 0)
    } else if Self.isWordPart(byte) {
      let begin = position
      while position < bytes.count, Self.isWordPart(bytes[position]) { position += 1 }
      add(.word(String(decoding: bytes[begin..<position], as: UTF8.self)), line)
    } else {
      if byte > 32 { add(.symbol(byte), line) }
      advance()
    }
  }

  private mutating func add(_ kind: SourceToken.Kind, _ line: Int) {
    tokens.append(SourceToken(kind: kind, line: line))
  }

  static func isWordPart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }

  private mutating func readLiteral(hashes: Int) {
    let start = line
    advance(hashes)
    let isLong = language == .swift && starts("\"\"\"")
    let quote = String(repeating: Character(Unicode.Scalar(bytes[position])), count: isLong ? 3 : 1)
    let end = quote + String(repeating: "#", count: hashes)
    let escape = "\\" + String(repeating: "#", count: hashes)
    advance(quote.utf8.count)
    var parts: [[UInt8]] = [[]]
    while position < bytes.count, !starts(end) {
      if starts(escape) {
        advance(escape.utf8.count)
        readEscape(&parts)
      } else if language != .swift, bytes[position] == UInt8(ascii: "%") {
        readFormat(&parts)
      } else {
        parts[parts.count - 1].append(bytes[position])
        advance()
      }
    }
    advance(end.utf8.count)
    add(.literal(parts.map { String(decoding: $0, as: UTF8.self) }), start)
  }

  /// Reads what follows a backslash: an interpolation, the end of a line that goes on, or a character.
  private mutating func readEscape(_ parts: inout [[UInt8]]) {
    guard position < bytes.count else { return }
    let byte = bytes[position]
    if language == .swift, byte == UInt8(ascii: "(") {
      var depth = 0
      let outside = tokens.count
      repeat {
        if starts("(") { depth += 1 } else if starts(")") { depth -= 1 }
        readToken()
      } while depth > 0 && position < bytes.count
      tokens.removeSubrange(outside...)
      parts.append([])
      return
    }
    advance()
    let plain = [UInt8(ascii: "n"): "\n", UInt8(ascii: "t"): "\t"][byte].map { Array($0.utf8) }
    switch byte {
    case UInt8(ascii: "\n"): while position < bytes.count, starts(" ") { advance() }
    case UInt8(ascii: "u"), UInt8(ascii: "x"):
      parts.append([])
      if starts("{") { skip(to: "}") } else { advance(2) }
    default: parts[parts.count - 1] += plain ?? [byte]
    }
  }

  /// Reads a conversion such as `%d` or `%.3f`, or `%%`.
  private mutating func readFormat(_ parts: inout [[UInt8]]) {
    advance()
    if starts("%") { parts[parts.count - 1].append(UInt8(ascii: "%")) } else { parts.append([]) }
    while position < bytes.count, !Self.isLetter(bytes[position]), !starts("%"), !starts("\""), !starts("'") {
      advance()
    }
    if starts("\"") || starts("'") { return }
    advance()
  }

  static func isLetter(_ byte: UInt8) -> Bool {
    isWordPart(byte) && byte != UInt8(ascii: "_") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
