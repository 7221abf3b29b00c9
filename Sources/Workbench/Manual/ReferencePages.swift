import LuaRuntime
import Reporting

/// The pages of modules and classes, made from the binding tables.
struct ReferencePages {
  private let manual: Manual
  /// Method pages by the name that they document.
  private let methods: [String: [ManualPage]]

  init(_ module: LuaModule, methods: [String: [ManualPage]]) {
    manual = Manual(module)
    self.methods = methods
  }

  var pages: [ManualPage] {
    manual.entries.compactMap { entry in
      switch entry.topic {
      case .module(let module): page(entry, of: module)
      case .type(let type): page(entry, of: type)
      case .function, .property, .option: nil
      }
    }
  }

  /// Where a function, class or module is documented, by name; `nil` for a name that nothing has.
  static func place(_ name: String, in module: LuaModule) -> String? {
    let entries = Manual(module).entries
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    switch entry.topic {
    case .module: return "reference/\(name).html"
    case .type: return "classes/\(name).html"
    default:
      let owner = name.prefix(upTo: name.lastIndex { ".:".contains($0) } ?? name.endIndex)
      let isMember = entries.contains { if case .type = $0.topic { $0.name == owner } else { false } }
      return "\(isMember ? "classes" : "reference")/\(owner).html#\(name)"
    }
  }

  private func page(_ entry: Manual.Entry, of module: LuaModule) -> ManualPage {
    let functions = module.functions.map { section($0, "\(entry.name).\($0.name)") }
    let modules = module.modules.map { ("\(entry.name).\($0.name)", $0.summary) }
    let types = module.types.map { ($0.name, $0.summary) }
    return page(
      entry, in: "reference",
      list("Modules", modules, "reference") + list("Classes", types, "classes") + functions.joined(),
      words: module.functions.map(\.name))
  }

  private func page(_ entry: Manual.Entry, of type: LuaType) -> ManualPage {
    let properties = type.properties.map { property in
      [
        "<code>\(property.name.escapedForHTML)</code>", "<code>\(property.type.escapedForHTML)</code>",
        property.summary.escapedForHTML,
      ]
    }
    let operators = type.operatorSymbols.map { "<code>\($0.escapedForHTML)</code>" }
    let body =
      table("Properties", ["name", "type", "what it is"], properties)
      + (operators.isEmpty ? "" : "<h2>Operators</h2><p>\(operators.joined(separator: ", "))</p>")
      + type.methods.map { section($0, "\(entry.name):\($0.name)") }.joined()
    return page(entry, in: "classes", body, words: type.methods.map(\.name) + type.properties.map(\.name))
  }

  // Names of a module and of a class may differ by case only, which some disks do not tell apart: hence two folders.
  private func page(_ entry: Manual.Entry, in folder: String, _ content: String, words: [String])
    -> ManualPage
  {
    ManualPage(
      path: "\(folder)/\(entry.name).html", title: entry.name, summary: entry.summary,
      body: "<h1>\(entry.name)</h1><p>\(entry.summary.escapedForHTML)</p>\(content)",
      words: words.joined(separator: " "))
  }

  private func list(_ head: String, _ rows: [(name: String, summary: String)], _ folder: String) -> String {
    table(
      head, ["name", "what it is for"],
      rows.map {
        ["<a href=\"../\(folder)/\($0.name).html\"><code>\($0.name)</code></a>", $0.summary.escapedForHTML]
      })
  }

  private func section(_ function: LuaFunction, _ name: String) -> String {
    let parameters = function.parameters.filter { $0.name != "options" || function.options.isEmpty }
    let returns = function.returns.map { " → <code>\($0.escapedForHTML)</code>" } ?? ""
    let pages = (methods[name] ?? []).map { "<a href=\"../\($0.path)\">\($0.title.escapedForHTML)</a>" }
    let advice =
      function.deprecation.map { "<p class=\"deprecated\">Deprecated: \($0.escapedForHTML).</p>" } ?? ""
    return """
      <section class="function" id="\(name)"><h2><code>\(function.signature(name).escapedForHTML)</code>\(returns)</h2>
      <p>\(function.summary.escapedForHTML)</p>\(advice)
      """
        + table(
          nil, ["parameter", "type", "what it is"],
          parameters.map {
            [
              "<code>\($0.name.escapedForHTML)</code>", "<code>\($0.type.escapedForHTML)</code>",
              $0.summary.escapedForHTML,
            ]
          })
        + table(
          nil, ["option", "values", "default", "what it is"],
          function.options.map { option in
            let fallback =
              option.defaultText.map { $0 == "nil" ? "" : "<code>\($0.escapedForHTML)</code>" } ?? "needed"
            return [
              "<code>\(option.name.escapedForHTML)</code>", option.kind.text.escapedForHTML, fallback,
              option.summary.escapedForHTML,
            ]
          })
        + (pages.isEmpty ? "" : "<p>Methods: \(pages.joined(separator: ", "))</p>") + "</section>\n"
  }

  /// A table under a head; nothing without rows.
  private func table(_ head: String?, _ columns: [String], _ rows: [[String]]) -> String {
    guard !rows.isEmpty else { return "" }
    return (head.map { "<h2>\($0)</h2>" } ?? "") + HTMLTable.text(columns, rows)
  }
}

/// A table of cells that are HTML already.
enum HTMLTable {
  static func text(_ columns: [String], _ rows: [[String]]) -> String {
    let head = columns.map { "<th>\($0)</th>" }.joined()
    let body = rows.map { "<tr>\($0.map { "<td>\($0)</td>" }.joined())</tr>" }.joined(separator: "\n")
    return
      "<div class=\"table\"><table><thead><tr>\(head)</tr></thead><tbody>\n\(body)\n</tbody></table></div>\n"
  }
}
