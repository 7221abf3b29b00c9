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

  @Option(help: "Only of this sweep.") var sweep: String?
  @Option(help: "The metric to show (default: top1 where there is one).") var metric: String?
  @Option(help: "The metric or parameter to show it over (default: stored_bits; samples).") var against:
    String?
  @Option(help: "The folder of runs (default: AUGQ_RUNS, or runs).") var runs = RunRecording.defaultRoot
  @Option(name: .shortAndLong, help: "The file.") var output = "report.html"
  @Argument(help: "Ids of runs, or their beginnings; all when none is given.") var ids: [String] = []

  func run() throws {
    let code = reporting {
      let store = try RunsWorkbench.existing(root: runs)
      let found = try store.runs(sweep: sweep, ids: ids.isEmpty ? nil : ids)
      var options = RunReport.Options()
      options.metric = metric
      options.against = against
      options.title = sweep ?? "Runs"
      let report = RunReport(found, options, artifacts: store.artifactRoot)
      for problem in report.problems { StandardError.write("augq: warning: \(problem)\n") }
      try AtomicFile.write(report.html(), to: output)
      print(report.table.text, terminator: "")
      StandardError.write("wrote \(output)\n")
      return 0
    }
    if code != 0 { throw ExitCode(code) }
  }
}
