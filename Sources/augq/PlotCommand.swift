import ArgumentParser
import Bindings
import Interchange
import Reporting
import Runs
import Workbench

/// `augq plot`: the pictures of a report, in the terminal or as SVG files.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot", abstract: "Show the pictures of runs in the terminal, or write them as SVG files.",
    discussion: "A FILE that ends in .json is a figure that figure:save() or figure:keep() wrote.")

  @Flag(help: "Print the pictures; otherwise they are written as SVG files.") var text = false
  @Option(help: "Columns of the terminal, with --text.") var width = 78
  @OptionGroup var source: ReportSource
  @Option(name: .shortAndLong, help: "The folder of the SVG files.") var output = "plots"
  @Argument(help: "Ids of runs, or their beginnings, or FILEs; all runs when none is given.") var ids:
    [String] =
      []

  func validate() throws {
    if !(40...400).contains(width) { throw ValidationError("--width is \(width); give 40 ... 400 columns.") }
  }

  func run() throws {
    let code = reporting {
      let figures = try figures()
      guard !text else {
        print(figures.map { $0.text(width: width) }.joined(separator: "\n"), terminator: "")
        return 0
      }
      UserFolders.make(output, mode: 0o755)
      for (index, figure) in figures.enumerated() {
        let path = "\(output)/\(index + 1 < 10 ? "0" : "")\(index + 1)-\(Self.fileName(figure.title)).svg"
        try AtomicFile.write(figure.svgFile, to: path)
        print("wrote \(path)")
      }
      return 0
    }
    if code != 0 { throw ExitCode(code) }
  }

  private func figures() throws -> [Figure] {
    let files = ids.filter { $0.hasSuffix(".json") }
    let drawn = try files.map { path in
      guard let file = try? MappedFile(path: path) else { throw RunError.unreadable(path: path) }
      guard let figure = Figure(json: file.withBytes { Array($0) }) else {
        throw RunError.damaged(path: path, problem: "it is not a figure")
      }
      return figure
    }
    let wanted = ids.filter { !$0.hasSuffix(".json") }
    guard files.isEmpty || !wanted.isEmpty else { return drawn }
    return drawn + (try source.report(ids: wanted).figures.map(\.figure))
  }

  /// A title as a part of a file's name.
  private static func fileName(_ title: String) -> String {
    String(title.prefix(60).map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "_" })
  }
}
