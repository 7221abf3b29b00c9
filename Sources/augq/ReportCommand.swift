import ArgumentParser
import Bindings
import Interchange
import Reporting
import Runs
import Workbench

/// `augq report`: runs as one HTML file.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write runs as one HTML file with a table and charts.")

  @OptionGroup var source: ReportSource
  @Option(name: .shortAndLong, help: "The file.") var output = "report.html"
  @Argument(help: "Ids of runs, or their beginnings; all when none is given.") var ids: [String] = []

  func run() throws {
    let code = reporting {
      let report = try source.report(ids: ids)
      try AtomicFile.write(report.html(), to: output)
      print(report.table.text, terminator: "")
      StandardError.write("wrote \(output)\n")
      return 0
    }
    if code != 0 { throw ExitCode(code) }
  }
}
