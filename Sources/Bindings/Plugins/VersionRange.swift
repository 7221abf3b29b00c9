/// A version: numbers with dots between them, `1.2.0`.
public struct Version: Comparable, CustomStringConvertible, Sendable {
  private let numbers: [Int]

  /// Reads one to four numbers; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard (1...4).contains(numbers.count), numbers.allSatisfy({ $0 >= 0 }) else { return nil }
    self.numbers = numbers
  }

  /// The number of parts.
  var count: Int { numbers.count }

  /// The numbers with dots between them.
  public var description: String { numbers.map(String.init).joined(separator: ".") }

  private func part(_ index: Int) -> Int { index < numbers.count ? numbers[index] : 0 }

  /// Parts that are absent count as 0.
  public static func == (a: Version, b: Version) -> Bool { (0..<4).allSatisfy { a.part($0) == b.part($0) } }

  /// Whether a version is older.
  public static func < (a: Version, b: Version) -> Bool {
    let different = (0..<4).first { a.part($0) != b.part($0) }
    return different.map { a.part($0) < b.part($0) } ?? false
  }
}

/// Terms that a version must meet, all of them: `>=1.0 <2`.
struct VersionRange: CustomStringConvertible {
  let description: String
  private let terms: [(comparison: String, version: Version)]

  /// Reads terms of `>=`, `<=`, `>`, `<` or `=` and a version; `nil` for anything else.
  init?(_ text: String) {
    let words = text.split(separator: " ")
    terms = words.compactMap { word in
      let comparison = String(word.prefix { "<>=".contains($0) })
      guard ["", "=", ">=", "<=", ">", "<"].contains(comparison) else { return nil }
      return Version(word.dropFirst(comparison.count)).map { (comparison, $0) }
    }
    guard !words.isEmpty, terms.count == words.count else { return nil }
    description = text
  }

  func contains(_ version: Version) -> Bool {
    terms.allSatisfy { comparison, bound in
      switch comparison {
      case ">=": version >= bound
      case "<=": version <= bound
      case ">": version > bound
      case "<": version < bound
      default: version == bound
      }
    }
  }
}
