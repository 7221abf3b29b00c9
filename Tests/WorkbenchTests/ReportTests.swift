import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What `augq report` and `augq plot` make of runs that kept pictures.
@Suite struct ReportTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params {
        layer = { "stem", "layer" }, bits = { 2, "bits", 1, 8 }, seed = { 1, "seed" },
      }
      augq.log("score", p.bits * #p.layer + p.seed / 10)
      for step = 1, 30 do augq.log("loss", p.bits / step, step) end
      local x = augq.tensor.normal({ 500 }, p.seed)
      local figure = augq.figure.histogram(x, { title = "values of " .. p.layer, levels = { -1, 0, 1 }, edges = { -1, 1 } })
      figure:keep(p.layer .. "/values")
      augq.figure.bars({ { "a", 1 }, { "b", 2 } }, { title = "<two> bars" }):keep()
      """, to: "trial.lua")
    try scratch.write(
      """
      return {
        script = "trial.lua", grid = { layer = { "stem", "block1", "head" }, bits = { 2, 4, 8 }, seed = { 1, 2 } },
      }
      """, to: "layers.lua")
  }

  private func runAll() throws {
    let outcome = try scratch.augq("batch", "layers.lua", "-j", "2")
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: scratch.url.appending(path: name), encoding: .utf8)
  }

  @Test func aReportShowsBarsCurvesAndWhatRunsKept() throws {
    try runAll()
    let outcome = try scratch.augq("report", "--sweep", "layers", "-o", "a.html")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let page = try text("a.html")
    for title in [
      "score by layer", "loss over steps", "values of stem", "values of block1", "&lt;two&gt; bars",
    ] {
      #expect(page.contains("<h2>\(title)</h2>"), "\(title)")
    }
    // Two seeds make bars with a spread; the largest mean comes first.
    #expect(page.contains("block1, bits=8: 48.15"))
    // Equal pictures of several runs are shown once.
    #expect(page.components(separatedBy: "<h2>&lt;two&gt; bars</h2>").count == 2)
    #expect(XMLParser(data: Data(page.utf8)).parse() || page.contains("<!DOCTYPE html>"))
    #expect(!page.contains("<script") && !page.contains("http-equiv"))

    _ = try scratch.augq("report", "--sweep", "layers", "-o", "b.html")
    #expect(try text("b.html") == page)
  }

  @Test func aPlotIsTextOrFiles() throws {
    try runAll()
    let shown = try scratch.augq("plot", "--text", "--sweep", "layers", "--width", "60")
    #expect(shown.status == 0, "\(shown.errors)")
    for title in ["score by layer", "loss over steps", "values of head", "<two> bars"] {
      #expect(shown.output.contains(title + "\n"), "\(title)")
    }
    #expect(shown.output.contains("█") && shown.output.contains("^ levels"))

    let written = try scratch.augq("plot", "--sweep", "layers", "-o", "svg")
    #expect(written.status == 0, "\(written.errors)")
    let names = written.output.split(separator: "\n").map { $0.dropFirst("wrote ".count) }
    #expect(names.count >= 5 && names.first == "svg/01-score_by_layer.svg")
    for name in names {
      #expect(XMLParser(data: Data(try text(String(name)).utf8)).parse(), "\(name)")
    }
  }

  @Test func aFigureThatIsDamagedIsNamed() throws {
    try runAll()
    try scratch.write("{}", to: "x.json")
    let single = try scratch.augq("plot", "--text", "x.json")
    #expect(single.status == 65)
    #expect(single.errors == "augq: x.json: it is not a figure. Remove it; what it held runs again.\n")

    let folder = scratch.url.appending(path: "runs/artifacts")
    let files =
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL }.filter { !$0.hasDirectoryPath } ?? []
    for file in files { try Data("[]".utf8).write(to: file) }
    let report = try scratch.augq("report", "--sweep", "layers")
    // The rest is shown.
    #expect(report.status == 0 && report.errors.hasSuffix("wrote report.html\n"))
    #expect(
      report.errors.hasPrefix("augq: warning: 'figures/<two> bars.json' of run "), "\(report.errors)")
    let line = report.errors.split(separator: "\n").first.map(String.init) ?? ""
    #expect(line.contains(" is left out: runs/artifacts/") && line.hasSuffix(" is not there or no figure"))
  }

  /// A Chromium that works here; `nil` when there is none.
  static let browser: String? = [
    "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
  ].first { path in
    guard FileManager.default.isExecutableFile(atPath: path), let scratch = try? Scratch() else {
      return false
    }
    return (try? dom(of: "data:text/html,<p>works</p>", path, scratch).page.contains("works")) == true
  }

  /// A page after its scripts ran, and what the browser logged.
  private static func dom(of address: String, _ browser: String, _ scratch: Scratch) throws -> (
    page: String, log: String
  ) {
    let process = Process()
    process.executableURL = URL(filePath: browser)
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
      "--enable-logging=stderr", "--user-data-dir=\(scratch.path("profile"))",
      "--virtual-time-budget=10000", "--dump-dom", address,
    ]
    let files = ["dom.txt", "log.txt"].map { scratch.url.appending(path: $0) }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
    return (texts[0], texts[1])
  }

  /// Renders the report in frames of a phone's and a large screen's width and asks each how wide its content is.
  @Test(.enabled(if: browser != nil, "needs chromium")) func aReportFitsPhonesAndLargeScreens() throws {
    try runAll()
    _ = try scratch.augq("report", "--sweep", "layers", "-o", "a.html")
    try scratch.write(
      """
      <!DOCTYPE html><html><body style="margin:0">
      <iframe id="f400" src="a.html" width="400" height="900"></iframe><iframe id="f1600" src="a.html" width="1600" height="900"></iframe>
      <pre id="found"></pre>
      <script>
      onload = () => {
        const found = ["f400", "f1600"].map((id) => {
          const page = document.getElementById(id).contentDocument.documentElement;
          const shown = [...page.querySelectorAll("svg")].filter((one) => one.getBoundingClientRect().height > 50);
          return `${id} ${page.scrollWidth <= page.clientWidth ? "fits" : "overflows"} figures ${shown.length}`;
        });
        document.getElementById("found").textContent = found.join("; ");
      };
      </script></body></html>
      """, to: "frames.html")
    let (page, log) = try Self.dom(
      of: "file://\(scratch.path("frames.html"))", try #require(Self.browser), scratch)

    let figures = try text("a.html").components(separatedBy: "<svg").count - 1
    #expect(
      page.contains("f400 fits figures \(figures); f1600 fits figures \(figures)"),
      "\(page.suffix(300))")
    #expect(!log.contains("CONSOLE"))
  }
}
