import LuaRuntime

/// The version of what plugins may rely on; apart from the program's version.
///
/// Within a major version functions are only added. A plugin says which versions it works with: `api = ">=1.0 <2"`.
public enum PluginAPI {
  /// Major and minor version.
  public static let version = (major: 1, minor: 0)

  /// The version as text.
  public static var text: String { "\(version.major).\(version.minor)" }

  /// Checks a plugin's `api` field.
  ///
  /// - Throws: ``LuaUsageError`` when it is malformed or this program is outside it.
  static func check(_ value: LuaValue?, _ path: String) throws {
    guard let value else { return }
    guard let range = value.text, let terms = terms(range) else {
      throw LuaUsageError(
        "\(path): field 'api' is \(value.shown); expected terms such as \">=1.0 <2\"")
    }
    let own = [version.major, version.minor]
    for term in terms where !term.holds(own) {
      throw LuaUsageError(
        "\(path): needs plugin API \(range), but this augq has \(text). "
          + "Get a version of the plugin for API \(text), or another augq.")
    }
  }

  private struct Term {
    let comparison: String
    let version: [Int]

    func holds(_ own: [Int]) -> Bool {
      let pairs = zip(own, version + [Int](repeating: 0, count: max(0, own.count - version.count)))
      let order = pairs.first { $0 != $1 }.map { $0 < $1 ? -1 : 1 } ?? 0
      return switch comparison {
      case ">=": order >= 0
      case "<=": order <= 0
      case ">": order > 0
      case "<": order < 0
      default: order == 0
      }
    }
  }

  private static func terms(_ text: String) -> [Term]? {
    let words = text.split(separator: " ")
    let terms = words.compactMap { word -> Term? in
      let comparison = String(word.prefix { "<>=".contains($0) })
      let numbers = word.dropFirst(comparison.count).split(separator: ".", omittingEmptySubsequences: false)
        .map { Int($0) }
      guard ["", "=", ">=", "<=", ">", "<"].contains(comparison), (1...3).contains(numbers.count),
        numbers.allSatisfy({ ($0 ?? -1) >= 0 })
      else { return nil }
      return Term(comparison: comparison, version: numbers.compactMap(\.self))
    }
    return terms.count == words.count && !words.isEmpty ? terms : nil
  }
}
