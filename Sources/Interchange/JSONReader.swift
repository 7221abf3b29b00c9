/// A JSON value, with the order of object members kept.
public indirect enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One member of an object.
  public struct Member: Hashable, Sendable {
    /// The key.
    public let key: String
    /// The value.
    public let value: JSONValue
  }

  /// The value of a key of an object.
  public subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The elements of an array.
  public var elements: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
  /// The text of a string.
  public var text: String? { if case .string(let value) = self { value } else { nil } }
  /// The number.
  public var number: Double? { if case .number(let value) = self { value } else { nil } }
  /// The number, when it is whole and exact.
  public var integer: Int? { number.flatMap { Int(exactly: $0) } }

  /// Reads a whole text (RFC 8259; duplicate keys are refused, and more than 2^21 values, which fill the memory).
  ///
  /// - Throws: ``JSONError`` with the byte where reading stopped.
  public init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
    var reader = Reader(bytes: Array(bytes))
    self = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == reader.bytes.count else { throw reader.error("text after the value") }
  }
}

/// Where and why a JSON text could not be read.
public struct JSONError: Error, Equatable, CustomStringConvertible {
  /// Offset of the offending byte.
  public let offset: Int
  /// What is wrong.
  public let problem: String
  /// The message a user reads.
  public var description: String { "\(problem) at byte \(offset)" }
}

private struct Reader {
  let bytes: [UInt8]
  var position = 0
  private var valueCount = 0
  /// A value takes 2 bytes in a text and some 50 in memory.
  private static let valueLimit = 1 << 21

  init(bytes: [UInt8]) { self.bytes = bytes }

  func error(_ problem: String) -> JSONError { JSONError(offset: position, problem: problem) }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  mutating func take(_ character: Character) -> Bool {
    skipSpace()
    guard let byte = next, byte == character.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < 64 else { throw error("nesting deeper than 64") }
    valueCount += 1
    guard valueCount <= Self.valueLimit else { throw error("more than \(Self.valueLimit) values") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  mutating func word(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error("unknown word") }
    position += text.utf8.count
    return value
  }

  mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // Double reads more than JSON allows: a plus sign, leading zeros, a bare point.
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let isPlain =
      digits.first?.isNumber == true && !(digits.hasPrefix("0") && digits.dropFirst().first?.isNumber == true)
    guard isPlain, !text.hasSuffix("."), let value = Double(text) else {
      position = start
      throw error("no value")
    }
    return .number(value)
  }

  mutating func array(_ depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    if take("]") { return .array(values) }
    repeat { values.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw error("no ',' or ']'") }
    return .array(values)
  }

  mutating func object(_ depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("no key") }
      let key = try string()
      guard keys.insert(key).inserted else { throw error("key '\(key)' twice") }
      guard take(":") else { throw error("no ':'") }
      members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw error("no ',' or '}'") }
    return .object(members)
  }

  mutating func string() throws(JSONError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: text, as: UTF8.self) else {
          throw error("a string that is not UTF-8")
        }
        return result
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw error("a control character in a string")
      default: text.append(byte)
      }
    }
    throw error("a string without end")
  }

  mutating func escape() throws(JSONError) -> [UInt8] {
    guard let byte = next else { throw error("a string without end") }
    position += 1
    let plain: [Character: UInt8] = [
      "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 0x08, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09,
    ]
    if let value = plain[Character(Unicode.Scalar(byte))] { return [value] }
    guard byte == UInt8(ascii: "u") else { throw error("an unknown escape") }
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
      position += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair") }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair") }
    return Array(String(Character(scalar)).utf8)
  }

  mutating func hexadecimal() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count,
      let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("no four hexadecimal digits") }
    position += 4
    return code
  }
}

extension JSONValue {
  /// The string literal of a text.
  public static func literal(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
