import Bindings
import Interchange
import LuaRuntime
import Reporting

extension ManualSite {
  /// Writes the pages, their style and the search index below a folder; returns the number of pages.
  ///
  /// The same sources give the same bytes.
  ///
  /// - Throws: ``InterchangeError`` for a file that cannot be written.
  public func write(to folder: String) throws -> Int {
    let pages = sections.flatMap(\.pages)
    for page in pages { try put(html(of: page), page.path, folder) }
    try put(ManualAssets.style, "manual.css", folder)
    try put(searchIndex(pages) + ManualAssets.search, "manual.js", folder)
    return pages.count
  }

  private func put(_ text: String, _ path: String, _ folder: String) throws {
    let path = "\(folder)/\(path)"
    UserFolders.make(FileStatus.folder(of: path), mode: 0o755)
    try AtomicFile.write(text, to: path)
  }

  private func html(of page: ManualPage) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>\(page.title.escapedForHTML) · augq</title>
    <link rel="stylesheet" href="\(page.up)manual.css" />
    </head>
    <body data-up="\(page.up)">
    <header>
    <a class="home" href="\(page.up)index.html">augq</a>
    <input id="search" type="search" placeholder="Search ( / )" aria-label="Search the manual" autocomplete="off" />
    <a class="to-contents" href="#contents">Contents</a>
    <ol id="results" hidden="hidden"></ol>
    </header>
    <div class="columns">
    <nav id="contents" aria-label="Contents">
    \(sections.map { contents($0, page) }.joined(separator: "\n"))
    </nav>
    <main>
    \(page.body)
    </main>
    </div>
    <script src="\(page.up)manual.js"></script>
    </body>
    </html>

    """
  }

  private func contents(_ section: ManualSection, _ current: ManualPage) -> String {
    let rows = section.pages.map { page in
      let mark = page.path == current.path ? " aria-current=\"page\"" : ""
      return "<li><a href=\"\(current.up)\(page.path)\"\(mark)>\(page.title.escapedForHTML)</a></li>"
    }
    let isOpen = section.pages.contains { $0.path == current.path } || section.title == "Guide"
    return
      "<details\(isOpen ? " open=\"open\"" : "")><summary>\(section.title)</summary><ul>\(rows.joined())</ul></details>"
  }

  /// `[title, path, summary, words]` of every page, and of every function.
  private func searchIndex(_ pages: [ManualPage]) -> String {
    let functions = pages.flatMap { page in
      page.anchors.sorted().filter { $0.contains(".") || $0.contains("/") }.map {
        ($0, "\(page.path)#\($0)", page.summary, "")
      }
    }
    let rows = pages.map { ($0.title, $0.path, $0.summary, $0.words) } + functions
    let lines = rows.map { row in
      "[" + [row.0, row.1, row.2, row.3].map(Self.literal).joined(separator: ",") + "]"
    }
    return "const pages = [\n\(lines.joined(separator: ",\n"))\n];\n"
  }

  private static func literal(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "<": result += "\\u003c"
      case _ where scalar.value < 32: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
