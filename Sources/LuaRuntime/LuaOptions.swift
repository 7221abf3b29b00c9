/// The checked keys of an options table.
public struct LuaOptions {
  private var values: [String: LuaValue] = [:]

  /// Checks the members of a table against the rows of the options it may have.
  ///
  /// - Throws: ``LuaUsageError`` for an unknown, mistyped or missing key.
  public init(_ members: [(key: String, value: LuaValue)], rows: [LuaOption], _ lua: LuaState) throws {
    let names = rows.map(\.name)
    for (key, value) in members {
      guard let row = rows.first(where: { $0.name == key }) else {
        throw LuaUsageError("option '\(key)' is unknown. \(nearest(key, among: names))")
      }
      guard row.kind.accepts(value, lua) else {
        let shown =
          if case .object(let object) = value { withArticle(lua.type(of: object)?.row.name ?? "object") } else
          {
            value.shown
          }
        throw LuaUsageError("option '\(key)' is \(shown); expected \(row.kind.text)")
      }
      values[key] = try row.kind.admitted(value, lua)
    }
    if let missing = rows.first(where: { $0.defaultText == nil && values[$0.name] == nil }) {
      throw LuaUsageError("option '\(missing.name)' is missing: \(missing.summary)")
    }
  }

  /// Whether a key was given.
  public func has(_ name: String) -> Bool { values[name] != nil }
  /// The value as given.
  public func value(_ name: String) -> LuaValue? { values[name] }
  /// A whole number, when given.
  public func integer(_ name: String) -> Int? { values[name]?.integer }
  /// A number, when given.
  public func number(_ name: String) -> Double? { values[name]?.number }
  /// A text or name, when given.
  public func string(_ name: String) -> String? { values[name]?.text }
  /// true or false, when given.
  public func boolean(_ name: String) -> Bool? { values[name]?.boolean }
  /// A list of numbers, when given.
  public func numbers(_ name: String) -> [Double]? { values[name]?.elements?.compactMap(\.number) }
  /// An object, when given.
  public func object<Object: AnyObject>(_ name: String, _ type: Object.Type) -> Object? {
    if case .object(let object) = values[name] { object as? Object } else { nil }
  }
  /// A function, when given.
  public func function(_ name: String) -> LuaReference? {
    if case .function(let reference) = values[name] { reference } else { nil }
  }
}

extension LuaOption.Kind {
  func accepts(_ value: LuaValue, _ lua: LuaState) -> Bool {
    switch self {
    case .boolean: value.boolean != nil
    case .integer(let range): value.integer.map(range.contains) ?? false
    case .number(let range): value.number.map(range.contains) ?? false
    case .string, .path: value.text != nil
    case .name(let names): value.text.map(names.contains) ?? false
    case .numbers: value.elements.map { $0.allSatisfy { $0.number != nil } } ?? false
    case .function: if case .function = value { true } else { false }
    case .object(let names):
      if case .object(let object) = value {
        lua.type(of: object).map { names.contains($0.row.name) } ?? false
      } else {
        false
      }
    case .any: true
    }
  }

  /// The value as the function sees it: paths are checked and made real when a sandbox confines the caller.
  func admitted(_ value: LuaValue, _ lua: LuaState) throws -> LuaValue {
    guard case .path(let access) = self, let path = value.text else { return value }
    return .string(try lua.path(path, for: access))
  }

  /// The accepted values as error messages and the manual name them.
  public var text: String {
    switch self {
    case .boolean: "true or false"
    case .integer(let range):
      range.upperBound == Int.max
        ? "an integer of at least \(range.lowerBound)"
        : "an integer in \(range.lowerBound) ... \(range.upperBound)"
    case .number(let range):
      range.upperBound == .infinity
        ? "a number of at least \(range.lowerBound)"
        : "a number in \(range.lowerBound) ... \(range.upperBound)"
    case .string, .path: "a string"
    case .name(let names): "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
    case .numbers: "a list of numbers"
    case .function: "a function"
    case .object(let names): "an " + names.joined(separator: " or ")
    case .any(let text): text
    }
  }

  /// The LuaCATS type.
  var stubType: String {
    switch self {
    case .boolean: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .string, .path: "string"
    case .name(let names): names.map { "\"\($0)\"" }.joined(separator: "|")
    case .numbers: "number[]"
    case .function: "function"
    case .object(let names): names.joined(separator: "|")
    case .any: "any"
    }
  }
}

/// A name with "a" or "an" before it.
func withArticle(_ name: String) -> String {
  (name.first.map("aeiou".contains) == true ? "an " : "a ") + name
}

/// "Did you mean 'x'?" for the nearest name, or the list of names when none is near.
public func nearest(_ name: String, among names: [String]) -> String {
  let scored = names.map { (name: $0, distance: editDistance($0, name)) }
  if let best = scored.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }),
    best.distance <= max(2, name.count / 3)
  {
    return "Did you mean '\(best.name)'?"
  }
  return names.isEmpty ? "There are none." : "Known are \(Set(names).sorted().joined(separator: ", "))."
}

/// The least number of insertions, deletions and replacements between two texts.
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for i in 0..<a.count {
    var diagonal = row[0]
    row[0] = i + 1
    for j in 0..<b.count {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}
