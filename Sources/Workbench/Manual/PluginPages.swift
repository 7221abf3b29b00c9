import Bindings
import LuaRuntime
import Reporting

/// The page of the plugins that come with the program.
struct PluginPages {
  private let found: [(entry: PluginEntry, description: PluginDescription)]

  /// Takes the plugins of a folder.
  init(_ catalogue: PluginCatalogue, in folder: String) {
    found = catalogue.entries().filter { $0.path.hasPrefix(folder + "/") }.map {
      ($0, catalogue.description(of: $0))
    }
  }

  /// Where a plugin `kind/name` is described; `nil` when there is none.
  func place(_ name: String) -> String? {
    found.contains { "\($0.entry.kind)/\($0.entry.name)" == name } ? "catalogue.html#\(name)" : nil
  }

  /// Methods that no page names.
  func withoutPage(_ names: [String]) -> [String] {
    let documented: Set = [
      "granularity", "codebook", "observer", "rounding", "reconstruction", "gradient", "partition",
      "allocator", "scheduler",
    ]
    return found.filter { documented.contains($0.entry.kind) && !$0.description.isOff }
      .map { "plugin:\($0.entry.kind)/\($0.entry.name)" }.filter { !names.contains($0) }
      .map { "no page of Scripts/manual/methods names '\($0)'" }
  }

  var catalogue: ManualPage {
    let kinds = PluginKind.all.map { kind in
      "<h2>\(kind.name)</h2><p>\(kind.summary.escapedForHTML). Laws: \(kind.laws.escapedForHTML).</p>"
        + "<p><code>\(kind.usage.escapedForHTML)</code></p>"
        + HTMLTable.text(["name", "what it does", "options"], rows(kind.name))
    }
    return ManualPage(
      path: "catalogue.html", title: "Plugins that come with augq",
      summary: "Kind by kind, with their options.",
      body: "<h1>Plugins that come with augq</h1>" + kinds.joined(),
      words: found.map(\.entry.name).joined(separator: " "))
  }

  private func rows(_ kind: String) -> [[String]] {
    found.filter { $0.entry.kind == kind }.map { entry, description in
      let options = description.options.map { option in
        "<code>\(option.name.escapedForHTML)</code> \(option.summary.escapedForHTML)"
          + (option.defaultText.map { " (<code>\($0.escapedForHTML)</code>)" } ?? "")
      }
      let summary = description.isOff ? "Native code, off until it is allowed." : description.summary
      return [
        "<code id=\"\(kind)/\(entry.name)\">\(entry.name)</code>", summary.escapedForHTML,
        options.joined(separator: "<br />"),
      ]
    }
  }
}
