/// A value that a sweep gives a recipe's parameter.
public enum ParameterValue: Hashable, Sendable, Codable, CustomStringConvertible {
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)

  /// Reads a JSON value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  /// Writes a JSON value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .boolean(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    }
  }

  /// The value as the command line of a recipe takes it.
  public var description: String {
    switch self {
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): value
    }
  }
}

extension ParameterValue: Comparable {
  /// Truth values come before numbers, numbers by size before texts.
  public static func < (a: ParameterValue, b: ParameterValue) -> Bool {
    switch (a.number, b.number) {
    case (let a?, let b?): a < b
    case (nil, nil): a.rank != b.rank ? a.rank < b.rank : a.description < b.description
    default: a.rank < b.rank
    }
  }

  private var rank: Int {
    switch self {
    case .boolean: 0
    case .integer, .number: 1
    case .text: 2
    }
  }

  /// The value of a number; `nil` for anything else.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .boolean, .text: nil
    }
  }
}

/// The parameters of a trial by name.
public typealias Parameters = [String: ParameterValue]

extension Parameters {
  /// The options of a recipe: `--wbits=2 --json=true`, in the order of the names.
  public var flags: [String] {
    sorted { $0.key < $1.key }.map { "--\(String($0.key.map { $0 == "_" ? "-" : $0 }))=\($0.value)" }
  }

  /// Reads a JSON object; `nil` for anything else.
  public init?(json: String) {
    guard let value = try? JSON.decode(Parameters.self, Array(json.utf8)) else { return nil }
    self = value
  }

  /// The parameters as a JSON object.
  public var json: String {
    get throws { String(decoding: try JSON.encode(self), as: UTF8.self) }
  }

  /// Whether these come first: by the first name, in the order of names, whose value differs.
  public func precedes(_ other: Parameters) -> Bool {
    for name in Set(keys).union(other.keys).sorted() where self[name] != other[name] {
      guard let mine = self[name], let theirs = other[name] else { return self[name] == nil }
      return mine < theirs
    }
    return false
  }

  /// `wbits=2 method=qdrop`, in the order of the names.
  public var text: String {
    sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}
