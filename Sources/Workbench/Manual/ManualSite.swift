import Bindings
import LuaRuntime
import Reporting

/// The HTML manual: guides, cookbook, method pages, plugins, and the reference made from the binding tables.
public struct ManualSite: Sendable {
  let sections: [ManualSection]
  /// What is wrong with it: links that lead nowhere, names that nothing has, methods without a page.
  public let problems: [String]

  /// Reads the sources of the manual and the binding tables.
  ///
  /// - Parameters:
  ///   - root: The folder with `Scripts/manual`, `Scripts/cookbook`, `Scripts/tour.lua` and `Plugins`.
  ///   - commands: Names and help texts of the program's commands.
  /// - Throws: ``LuaUsageError`` when the sources are not there.
  public init(root: String, commands: [(name: String, text: String)]) throws {
    let sources = ManualSources(root: root)
    let module = Documentation.module
    let session = Session(scriptPath: "", arguments: [], pluginFolders: [root + "/Plugins"])
    let lua = try LuaState()
    lua.register(Library.module(session))
    let plugins = PluginPages(PluginCatalogue(session: session, lua: lua), in: root + "/Plugins")
    let names = MethodNames(module, plugins)
    let methods = try sources.files("Scripts/manual/methods", "md").map { file in
      (
        file: file,
        page: ManualPage(
          path: "methods/\(file.name).html", markdown: names.linked(file.text), link: Self.link)
      )
    }
    var pagesOfNames: [String: [ManualPage]] = [:]
    for (file, page) in methods {
      for name in MethodNames.list(file.text) { pagesOfNames[name, default: []].append(page) }
    }
    let recipes = try sources.files("Scripts/cookbook", "lua").map { file in
      ManualPage(
        path: "cookbook/\(file.name).html",
        markdown: LiterateRecipe(file.text).markdown + Self.footer("Scripts/cookbook/\(file.name).lua"))
    }
    sections = [
      ManualSection(
        title: "Guide",
        pages: [
          ManualPage(
            path: "index.html", markdown: try sources.text("Scripts/manual/index.md"), link: Self.link),
          ManualPage(
            path: "concepts.html", markdown: try sources.text("Scripts/manual/concepts.md"), link: Self.link),
          ManualPage(
            path: "tour.html", markdown: LiterateRecipe(try sources.text("Scripts/tour.lua")).markdown,
            link: Self.link),
          ManualPage(path: "plugins.html", markdown: try sources.text("Plugins/README.md"), link: Self.link),
          ManualPage(
            path: "sweeps.html", markdown: try sources.text("Scripts/manual/sweeps.md"), link: Self.link),
          plugins.catalogue, Self.page(of: commands),
        ]),
      ManualSection(
        title: "Cookbook",
        pages: [Self.list("cookbook.html", "Cookbook", "Recipes that answer one question each.", recipes)]
          + recipes),
      ManualSection(title: "Methods", pages: methods.map(\.page)),
      ManualSection(title: "Reference", pages: ReferencePages(module, methods: pagesOfNames).pages),
    ]
    problems =
      methods.flatMap { names.unknown($0.file) } + plugins.withoutPage(pagesOfNames.keys.map { $0 })
      + Self.brokenLinks(sections.flatMap(\.pages))
  }

  /// From links among the sources to links among the pages.
  private static func link(_ target: String) -> String {
    guard !target.contains("://") else { return target }
    switch target {
    case "../tour.lua": return "tour.html"
    case "../cookbook/": return "cookbook.html"
    default: break
    }
    return target.hasSuffix(".md") ? String(target.dropLast(3)) + ".html" : target
  }

  private static func footer(_ path: String) -> String { "\nRun it: `augq run \(path)`\n" }

  private static func list(_ path: String, _ title: String, _ summary: String, _ pages: [ManualPage])
    -> ManualPage
  {
    let rows = pages.map {
      ["<a href=\"\($0.path)\">\($0.title.escapedForHTML)</a>", $0.summary.escapedForHTML]
    }
    return ManualPage(
      path: path, title: title, summary: summary,
      body: "<h1>\(title)</h1><p>\(summary)</p>" + HTMLTable.text(["question", "answer"], rows), words: "")
  }

  private static func page(of commands: [(name: String, text: String)]) -> ManualPage {
    let parts = commands.map { name, text in
      "<section id=\"\(name)\"><h2>\(name)</h2><pre>\(text.escapedForHTML)</pre></section>"
    }
    return ManualPage(
      path: "commands.html", title: "Commands", summary: "What the program's commands take.",
      body: "<h1>Commands</h1>" + parts.joined(), words: commands.map(\.text).joined(separator: " "))
  }

  private static func brokenLinks(_ pages: [ManualPage]) -> [String] {
    let anchors = Dictionary(pages.map { ($0.path, $0.anchors) }) { first, _ in first }
    return pages.flatMap { page in
      page.links.filter { !$0.contains("://") }.compactMap { target in
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        let path =
          parts[0].isEmpty ? page.path : RelativePath.joined(RelativePath.folder(page.path), parts[0])
        guard let known = anchors[path] else {
          return "\(page.path): links to \(target), which is not in the manual"
        }
        if parts.count == 2, !known.contains(parts[1]) {
          return "\(page.path): links to \(target), which \(path) does not have"
        }
        return nil
      }
    }
  }
}

/// The sources of the manual.
struct ManualSources {
  let root: String

  func text(_ path: String) throws -> String {
    guard let text = readText("\(root)/\(path)") else {
      throw LuaUsageError("cannot read \(root)/\(path). Give the folder of the clone with --root.")
    }
    return text
  }

  /// The files of a folder with an extension, by name.
  func files(_ folder: String, _ suffix: String) throws -> [(name: String, text: String)] {
    try FileStatus.names(in: "\(root)/\(folder)").filter { $0.hasSuffix(".\(suffix)") }.sorted().map { file in
      (String(file.dropLast(suffix.count + 1)), try text("\(folder)/\(file)"))
    }
  }
}

/// Paths with `/` between their parts, relative to the manual's folder.
enum RelativePath {
  static func folder(_ path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
  }

  static func joined(_ folder: String, _ target: String) -> String {
    var parts = folder.split(separator: "/")
    for part in target.split(separator: "/") {
      if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
    }
    return parts.joined(separator: "/")
  }
}
