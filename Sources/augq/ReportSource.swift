import ArgumentParser
import Bindings
import Runs
import Workbench

/// Which runs a report or a plot shows, and how.
struct ReportSource: ParsableArguments {
  @Option(help: "Only of this sweep.") var sweep: String?
  @Option(help: "The metric to show (default: top1 where there is one).") var metric: String?
  @Option(help: "The metric or parameter to show it over (default: stored_bits; samples; layer).")
  var against: String?
  @Option(help: "The folder of runs (default: AUGQ_RUNS, or runs).") var runs = RunRecording.defaultRoot

  /// The report of runs, of all when no id is given; says on standard error what it leaves out.
  func report(ids: [String]) throws -> RunReport {
    let store = try RunsWorkbench.existing(root: runs)
    var options = RunReport.Options()
    options.metric = metric
    options.against = against
    options.title = sweep ?? "Runs"
    let found = try store.runs(sweep: sweep, ids: ids.isEmpty ? nil : ids)
    let report = RunReport(found, options, artifacts: store.artifactRoot)
    for problem in report.problems { StandardError.write("augq: warning: \(problem)\n") }
    return report
  }
}
