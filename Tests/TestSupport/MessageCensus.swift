import Foundation

/// A message in a source file: its fixed texts, with something unknown between each two.
public struct MessageTemplate: Equatable, Sendable, CustomStringConvertible {
  /// The file, as given.
  public let file: String
  /// The line it begins in.
  public let line: Int
  /// The fixed texts, in order.
  public let parts: [String]

  /// Makes a message of its fixed texts.
  public init(file: String, line: Int, parts: [String]) {
    (self.file, self.line, self.parts) = (file, line, parts)
  }

  /// The message with `…` for what is unknown.
  public var text: String { parts.joined(separator: "…") }
  /// Place and text.
  public var description: String { "\(file):\(line): \(text)" }

  /// Whether it reads as a message: at least two words.
  var isSentence: Bool {
    let words = parts.flatMap { $0.split { $0 == " " || $0 == "\n" } }
    return words.count { $0.utf8.contains(where: SourceTokens.isLetter) } > 1
  }
}

/// Finds the messages that a source text raises.
public struct MessageScanner {
  /// The calls whose literals are messages, whether or not they are thrown.
  private static let makers: Set = [
    "LuaUsageError", "ScriptExit", "ValidationError", "Failure", "wrong", "fail", "failed", "failure",
    "malformed",
    "unsupported", "invalid", "check", "checkpoint", "shapeError", "StandardError", "report", "error",
    "luaL_error", "lua_pushfstring", "lua_pushliteral",
  ]

  private let file: String
  private let tokens: [SourceToken]
  private let language: SourceLanguage

  private init(_ text: String, _ language: SourceLanguage, file: String) {
    (self.file, self.language) = (file, language)
    tokens = SourceTokens.of(text, language)
  }

  /// The messages of a text.
  public static func messages(in text: String, _ language: SourceLanguage, file: String) -> [MessageTemplate]
  {
    let scanner = MessageScanner(text, language, file: file)
    var found: [MessageTemplate] = []
    var index = 0
    while index < scanner.tokens.count {
      let range = scanner.raised(from: index)
      found += range.map(scanner.joined) ?? scanner.embedded(scanner.tokens[index])
      index = range?.upperBound ?? index + 1
    }
    return found.filter(\.isSentence)
  }

  /// The texts of all literals of a text.
  static func literals(in text: String) -> [[String]] {
    let scanner = MessageScanner(text, .swift, file: "")
    return scanner.joined(scanner.tokens.indices).map(\.parts)
  }

  /// The messages of a chunk of Lua that is a literal of Swift.
  private func embedded(_ token: SourceToken) -> [MessageTemplate] {
    guard language == .swift, case .literal(let parts) = token.kind else { return [] }
    let text = parts.joined(separator: "0")
    guard text.contains("error(") && text.contains("\n") else { return [] }
    return Self.messages(in: text, .lua, file: file).map {
      MessageTemplate(file: file, line: token.line + $0.line, parts: $0.parts)
    }
  }

  /// The tokens that make messages when what begins at a token is thrown, makes an error or describes one.
  private func raised(from index: Int) -> Range<Int>? {
    guard case .word(let word) = tokens[index].kind else { return nil }
    if language == .swift, word == "throw" { return call(from: index + 1) }
    if language == .swift, let body = body(from: index, word) { return body }
    return Self.makers.contains(word) ? call(from: index) : nil
  }

  /// The arguments of a call such as `Type.member(…)`, or of Lua's `error "…"`.
  private func call(from start: Int) -> Range<Int>? {
    for index in start..<tokens.count {
      switch tokens[index].kind {
      case .symbol(UInt8(ascii: "(")): return index..<end(of: index)
      case .literal where language == .lua: return index..<index + 1
      case .word, .symbol(UInt8(ascii: ".")): continue
      default: return nil
      }
    }
    return nil
  }

  /// The body of an error's `description`, or of a function that returns an error or its message.
  private func body(from index: Int, _ word: String) -> Range<Int>? {
    guard word == "description" && describesErrors || word == "func",
      let open = tokens[index...].prefix(60).firstIndex(where: { $0.isSymbol("{") })
    else { return nil }
    if word == "description" { return open == index + 3 ? open..<end(of: open) : nil }
    if tokens[index + 1].kind == .word("message") { return open..<end(of: open) }
    guard case .word(let result) = tokens[open - 1].kind, tokens[open - 2].isSymbol(">") else { return nil }
    return ["Error", "Problem", "Exit"].contains(where: result.hasSuffix) ? open..<end(of: open) : nil
  }

  private var describesErrors: Bool {
    tokens.indices.dropFirst().dropLast().contains { index in
      [.word("Error"), .word("ExitCoded")].contains(tokens[index].kind) && tokens[index - 1].isSymbol(":")
        && tokens[index + 1].isSymbol(",")
    }
  }

  /// The index behind the bracket that closes the one at an index.
  private func end(of open: Int) -> Int {
    var depth = 0
    for index in open..<tokens.count {
      depth += tokens[index].nesting
      if depth == 0 { return index + 1 }
    }
    return tokens.count
  }

  /// The literals of a range, with those that `+`, `..` or C's adjacency joins made one.
  private func joined(_ range: Range<Int>) -> [MessageTemplate] {
    var found: [MessageTemplate] = []
    var open = [Pending()]
    func close() {
      let last = open.removeLast()
      if let parts = last.parts { found.append(.init(file: file, line: last.line, parts: parts)) }
    }
    for index in range {
      let token = tokens[index]
      switch token.kind {
      case .literal(let parts):
        if !open[open.count - 1].take(parts, at: token.line, joins: language == .c) {
          close()
          open.append(Pending(parts: parts, line: token.line))
        }
      case .word where language == .c: continue
      case .word: open[open.count - 1].takeUnknown()
      case .symbol:
        if token.nesting > 0 {
          open.append(Pending())
        } else if token.nesting < 0, open.count > 1 {
          close()
          open[open.count - 1].takeUnknown()
        } else if isJoin(index) {
          open[open.count - 1].joins = true
        } else if !token.isSymbol(".") {
          close()
          open.append(Pending())
        }
      }
    }
    while !open.isEmpty { close() }
    return found
  }

  private func isJoin(_ index: Int) -> Bool {
    language == .lua
      ? tokens[index].isSymbol(".") && index > 0 && tokens[index - 1].isSymbol(".")
      : tokens[index].isSymbol("+")
  }
}

/// A message under way.
private struct Pending {
  var parts: [String]?
  var line = 0
  /// Whether what comes next belongs to it.
  var joins = false

  /// Appends a literal that belongs to the message or begins it; `false` when it is another one.
  mutating func take(_ more: [String], at line: Int, joins isJoined: Bool) -> Bool {
    if let parts {
      guard joins || isJoined else { return false }
      self.parts = parts.dropLast() + [(parts.last ?? "") + (more.first ?? "")] + more.dropFirst()
    } else {
      (parts, self.line) = (joins ? [""] + more : more, line)
    }
    joins = false
    return true
  }

  /// Appends a value that is not known here.
  mutating func takeUnknown() {
    if joins, let parts, parts.last != "" { self.parts = parts + [""] }
  }
}

/// The texts that tests expect, to look up whole messages in.
public struct ExpectedTexts {
  /// Lines that end in 0, with 1 where a value is not known.
  private var lines: [[CChar]] = []

  /// Collects the literals of test sources.
  public init(_ sources: [String]) {
    for parts in sources.flatMap(MessageScanner.literals) {
      for line in parts.joined(separator: "\u{1}").utf8.split(separator: UInt8(ascii: "\n")) {
        if line.contains(UInt8(ascii: " ")) { lines.append(line.map(CChar.init(bitPattern:)) + [0]) }
      }
    }
  }

  /// Whether a line has all fixed texts of a message, in order, and neither begins nor ends inside a word of it.
  public func contain(_ message: MessageTemplate) -> Bool {
    let last = message.parts.count - 1
    let parts = message.parts.enumerated().compactMap { index, part in
      FixedText(part, begins: index == 0, ends: index == last)
    }
    return lines.contains { line in
      line.withUnsafeBufferPointer { line in
        var start = 0
        return parts.allSatisfy { part in
          guard let end = part.end(in: line, from: start) else { return false }
          start = end
          return true
        }
      }
    }
  }
}

/// A fixed text of a message, to be found in lines.
private struct FixedText {
  private let text: [CChar]
  private let begins: Bool
  private let ends: Bool

  /// `nil` for a text of nothing but ends of lines.
  init?(_ text: String, begins: Bool, ends: Bool) {
    let text = text.trimmingCharacters(in: .newlines)
    if text.isEmpty { return nil }
    self.text = text.utf8.map(CChar.init(bitPattern:)) + [0]
    (self.begins, self.ends) = (begins, ends)
  }

  /// Where the text ends in a line, from a place on; whole words where it begins or ends its message.
  func end(in line: UnsafeBufferPointer<CChar>, from start: Int) -> Int? {
    guard let base = line.baseAddress else { return nil }
    let count = text.count - 1
    var start = start
    while let found = strstr(base + start, text) {
      let hit = UnsafePointer(found) - base
      let cutsBefore = begins && hit > 0 && Self.areLetters(line[hit - 1], text[0])
      let cutsBehind = ends && Self.areLetters(line[hit + count], text[count - 1])
      if !cutsBefore && !cutsBehind { return hit + count }
      start = hit + 1
    }
    return nil
  }

  private static func areLetters(_ a: CChar, _ b: CChar) -> Bool {
    [a, b].allSatisfy { SourceTokens.isLetter(UInt8(bitPattern: $0)) }
  }
}
