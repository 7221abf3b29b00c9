public import LuaRuntime

/// The command-line options of a recipe, declared in one table: `{ name = { default, summary, low, high } }`.
///
///     local options, rest = augq.params { epochs = { 14, "passes over the data", 1, 100 }, smoke = { false, "…" } }
struct ScriptParameters {
  struct Row {
    let name: String
    let fallback: LuaValue
    let summary: String
    let range: ClosedRange<Double>?
    /// The texts it may be; any when `nil`.
    let choices: [String]?

    var flag: String { "--" + name.map { $0 == "_" ? "-" : String($0) }.joined() }
  }

  let rows: [Row]

  init(_ table: LuaValue) throws {
    if table.elements?.isEmpty == true {
      rows = []
      return
    }
    guard case .table(let members) = table else {
      throw LuaUsageError(
        "the parameters are \(table.shown); expected a table of names with { default, \"summary\" } each")
    }
    rows = try members.sorted { $0.key < $1.key }.map { name, value in
      guard let parts = value.elements, parts.count >= 2, let summary = parts[1].text else {
        throw LuaUsageError(
          "parameter '\(name)' is \(value.shown); expected { default, \"summary\" }, { default, \"summary\", low, high } or "
            + "{ default, \"summary\", { \"name\", … } }")
      }
      let choices = parts.count == 3 ? parts[2].elements?.compactMap(\.text) : nil
      let range = choices == nil ? try Self.range(name, parts.dropFirst(2)) : nil
      return Row(name: name, fallback: parts[0], summary: summary, range: range, choices: choices)
    }
  }

  private static func range(_ name: String, _ given: ArraySlice<LuaValue>) throws -> ClosedRange<Double>? {
    if given.isEmpty { return nil }
    let bounds = given.compactMap(\.number)
    guard given.count == 2, bounds.count == 2, bounds[0] <= bounds[1] else {
      let shown = given.map(\.shown).joined(separator: ", ")
      throw LuaUsageError(
        "the bounds of parameter '\(name)' are \(shown); expected two numbers, low before high")
    }
    return bounds[0]...bounds[1]
  }

  /// Reads `--name value`, `--name=value`, and `--name` alone for booleans that are true; the rest are positional.
  func parse(_ arguments: [String]) throws -> (values: [(key: String, value: LuaValue)], rest: [String]) {
    var given: [String: LuaValue] = [:]
    var rest: [String] = []
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      guard argument.hasPrefix("--"), argument.count > 2 else {
        rest.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard let row = rows.first(where: { $0.flag == parts[0] }) else {
        throw ScriptExit(
          description: "unknown option '\(parts[0])'. \(nearest(parts[0], among: rows.map(\.flag)))",
          exitCode: 64)
      }
      if case .boolean = row.fallback, parts.count == 1,
        index == arguments.count || !["true", "false"].contains(arguments[index])
      {
        given[row.name] = .boolean(true)
        continue
      }
      let text = parts.count == 2 ? parts[1] : index < arguments.count ? arguments[index] : nil
      if parts.count == 1 { index += 1 }
      given[row.name] = try row.read(text)
    }
    return (rows.map { ($0.name, given[$0.name] ?? $0.fallback) }, rest)
  }

  /// One line per option, for `--help`.
  var usage: String {
    let width = rows.map(\.flag.count).max() ?? 0
    return rows.map { row in
      let fallback =
        row.fallback.text.map { $0.isEmpty ? "" : " (default \($0))" } ?? " (default \(row.fallback.shown))"
      return
        "  \(row.flag)\(String(repeating: " ", count: width - row.flag.count))  \(row.summary)\(fallback)\n"
    }.joined()
  }
}

extension ScriptParameters.Row {
  func read(_ text: String?) throws -> LuaValue {
    func wrong(_ expected: String) -> ScriptExit {
      let shown = text.map { "'\($0)'" } ?? "missing"
      return ScriptExit(description: "the value of \(flag) is \(shown); expected \(expected)", exitCode: 64)
    }
    func shown(_ bound: Double) -> String { Int(exactly: bound).map(String.init) ?? "\(bound)" }
    guard let text else { throw wrong("a value") }
    let limits = range.map { " in \(shown($0.lowerBound)) ... \(shown($0.upperBound))" } ?? ""
    switch fallback {
    case .integer:
      guard let value = Int(text), range?.contains(Double(value)) ?? true else {
        throw wrong("an integer" + limits)
      }
      return .integer(value)
    case .number:
      guard let value = Double(text), range?.contains(value) ?? true else { throw wrong("a number" + limits) }
      return .number(value)
    case .boolean:
      guard let value = ["true": true, "false": false][text] else { throw wrong("true or false") }
      return .boolean(value)
    default:
      if let choices, !choices.contains(text) { throw wrong("one of " + choices.joined(separator: ", ")) }
      return .string(text)
    }
  }
}

/// Ends a recipe without a traceback: its usage was asked for (code 0) or was wrong (code 64).
public struct ScriptExit: ExitCoded, CustomStringConvertible {
  /// What standard error gets; nothing for code 0.
  public let description: String
  /// The process's exit code.
  public let exitCode: Int32
}
