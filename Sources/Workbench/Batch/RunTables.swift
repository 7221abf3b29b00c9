import Reporting
import Runs

/// Runs as tables.
enum RunTables {
  /// Trials with their parameters and the last value of each metric.
  static func trials(_ rows: [(id: String, parameters: Parameters, result: RunResult?)]) -> ReportTable {
    let names = Set(rows.flatMap(\.parameters.keys)).sorted()
    let metrics = Set(rows.flatMap { $0.result?.lastMetrics.keys.map { $0 } ?? [] }).subtracting(names)
      .sorted()
    var table = ReportTable(
      columns: names.map { .init($0, .text) } + metrics.map { .init($0, .number) } + [
        .init("status", .text), .init("trial", .text),
      ])
    for (id, parameters, result) in rows {
      var values: [String: ReportTable.Value] = [
        "trial": .text(id), "status": .text(result?.status.rawValue ?? RunStatus.new.rawValue),
      ]
      for (name, value) in parameters { values[name] = .text("\(value)") }
      for (name, value) in result?.lastMetrics ?? [:] where metrics.contains(name) {
        values[name] = .number(value)
      }
      table.add(values)
    }
    return table
  }
}
