/// The one renderer of documentation for the terminal.
enum HelpText {
  private static let width = 100

  /// A head and rows of a name and a text, aligned and wrapped; nothing without rows.
  static func section(_ head: String, _ rows: [(name: String, text: String)]) -> String {
    guard !rows.isEmpty else { return "" }
    let column = min(30, rows.map(\.name.count).max() ?? 0)
    return "\(head)\n" + rows.map { row($0.name, $0.text, column) }.joined()
  }

  private static func row(_ name: String, _ text: String, _ column: Int) -> String {
    let indent = String(repeating: " ", count: column + 4)
    let lines = wrapped(text, to: width - indent.count)
    let gap = String(repeating: " ", count: max(0, column - name.count) + 2)
    if text.isEmpty { return "  \(name)\n" }
    let first = name.count > column ? "  \(name)\n\(indent)" : "  \(name)\(gap)"
    return first + lines.joined(separator: "\n\(indent)") + "\n"
  }

  /// The text cut into lines at spaces.
  static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      if lines[lines.count - 1].isEmpty {
        lines[lines.count - 1] = String(word)
      } else if lines[lines.count - 1].count + 1 + word.count <= width {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}

extension Manual.Entry {
  /// One line.
  public var summary: String {
    switch topic {
    case .module(let row): row.summary
    case .function(let row): row.summary + (row.deprecation.map { " Deprecated: \($0)." } ?? "")
    case .type(let row): row.summary
    case .property(let row): row.summary
    case .option(let row, _): row.summary
    }
  }

  /// The whole documentation.
  public var text: String {
    let lines = HelpText.wrapped(summary, to: 98).map { "  \($0)\n" }.joined()
    return "\(head)\n\(lines)\(details)"
  }

  private var head: String {
    switch topic {
    case .module: name
    case .function(let row): row.signature(name) + (row.returns.map { " -> \($0)" } ?? "")
    case .type: "\(name), a class"
    case .property(let row): "\(name): \(row.type)"
    case .option(let row, let function): "\(row.name), an option of \(function): \(row.described.type)"
    }
  }

  private var details: String {
    switch topic {
    case .module(let module):
      return HelpText.section("functions", module.functions.map { ($0.signature($0.name), $0.summary) })
        + HelpText.section("modules", module.modules.map { ("\(name).\($0.name)", $0.summary) })
        + HelpText.section("classes", module.types.map { ($0.name, $0.summary) })
    case .function(let function):
      let parameters = function.parameters.filter { $0.name != "options" || function.options.isEmpty }
      return HelpText.section("parameters", parameters.map { ($0.name, "\($0.type): \($0.summary)") })
        + HelpText.section("options", function.options.map { ($0.name, $0.described.text) })
    case .type(let type):
      return HelpText.section("properties", type.properties.map { ($0.name, "\($0.type): \($0.summary)") })
        + HelpText.section("methods", type.methods.map { (":" + $0.signature($0.name), $0.summary) })
        + HelpText.section("operators", type.operatorSymbols.map { ($0, "") })
    case .property, .option: return ""
    }
  }
}

extension LuaFunction {
  /// The name as it is called: `augq.load(path, [options])`.
  public func signature(_ name: String) -> String {
    let names = parameters.map { $0.isOptional ? "[\($0.name)]" : $0.name }
    return "\(name)(\(names.joined(separator: ", ")))"
  }
}

extension LuaOption {
  /// The values it takes, and these with the summary and the default.
  fileprivate var described: (type: String, text: String) {
    let type = kind.text
    // Summaries of layers' options name their values themselves.
    let values = summary.hasSuffix(type) ? [] : [type]
    let fallback = defaultText.map { $0 == "nil" ? [] : ["default \($0)"] } ?? ["needed"]
    let remark = (values + fallback).joined(separator: "; ")
    return (type, remark.isEmpty ? summary : "\(summary) (\(remark))")
  }
}

extension LuaType {
  /// The operators as scripts write them.
  public var operatorSymbols: [String] {
    operators.map { operation in
      switch operation.metamethod {
      case .add: "a + b"
      case .subtract: "a - b"
      case .multiply: "a * b"
      case .divide: "a / b"
      case .negate: "-a"
      case .equal: "a == b"
      case .length: "#a"
      case .call: "a(…)"
      case .newIndex: "a.field = value"
      }
    } + (subscripting == nil ? [] : ["a[i]"])
  }
}
