import Bindings
import Interchange
import Mustache
public import Reporting
public import Runs

/// Runs as one HTML file: means over seeds, a front of bits and accuracy, curves over a parameter and over steps.
public struct RunReport {
  /// What is shown.
  public struct Options: Sendable {
    /// The metric on the upright axis; the first of top1, score, accuracy that there is, else the first by name.
    public var metric: String?
    /// The metric or numeric parameter on the other axis; stored_bits where there is one.
    public var against: String?
    /// The heading.
    public var title = "Runs"

    /// Makes options that choose by themselves.
    public init() {}
  }

  /// Trials that differ in their seed only.
  struct Group {
    let parameters: Parameters
    var runs: [RunResult]

    /// Mean and standard deviation of a metric's last values; `nil` when no run has it.
    func statistics(_ metric: String) -> (mean: Double, spread: Double)? {
      let values = runs.compactMap { $0.lastMetrics[metric] }
      guard !values.isEmpty else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (mean, values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
    }
  }

  /// A picture that a run kept, and whose it is.
  private struct KeptFigure {
    /// What the run was given.
    let run: String
    let figure: Figure
  }

  /// Pictures of runs that a report shows, at most; the rest is counted.
  public static let mostFigures = 24

  private let groups: [Group]
  private let results: [RunResult]
  private let options: Options
  /// Parameters that differ between groups.
  private let varying: [String]
  private let metrics: [String]
  private let kept: [KeptFigure]
  private let keptCount: Int
  /// What is wrong with pictures that are left out.
  public let problems: [String]

  /// Makes the report of runs that are done.
  ///
  /// - Parameter artifacts: The folder in which their artifacts lie by digest; pictures among them are shown.
  public init(_ runs: [StoredRun], _ options: Options = Options(), artifacts: String? = nil) {
    results = runs.map(\.result).filter { $0.status == .done }.sorted {
      $0.parameters == $1.parameters ? $0.id < $1.id : $0.parameters.precedes($1.parameters)
    }
    // Results of another recipe, or of another program, are another row.
    let origins = Set(results.map(Self.origin))
    var places: [Parameters: Int] = [:]
    var found: [Group] = []
    for result in results {
      var key = result.parameters.filter { $0.key != "seed" }
      if origins.count > 1 { key[Self.originName] = .text(Self.origin(result)) }
      if let place = places[key] {
        found[place].runs.append(result)
      } else {
        places[key] = found.count
        found.append(Group(parameters: key, runs: [result]))
      }
    }
    groups = found
    let differing = Self.differing(groups.map(\.parameters))
    varying = differing
    metrics = Set(results.flatMap { $0.lastMetrics.keys.map { $0 } }).sorted()
    self.options = options
    let pictures = Self.pictures(groups)
    keptCount = pictures.count
    var (kept, problems): ([KeptFigure], [String]) = ([], [])
    for (artifact, run) in artifacts == nil ? [] : pictures.prefix(Self.mostFigures) {
      let path = "\(artifacts ?? "")/\(artifact.digest.prefix(2))/\(artifact.digest)"
      let shown = run.parameters.filter { differing.contains($0.key) }.text
      if let file = try? MappedFile(path: path), let figure = Figure(json: file.withBytes { Array($0) }) {
        kept.append(KeptFigure(run: shown, figure: figure))
      } else {
        problems.append("'\(artifact.name)' of run \(run.id) is left out: \(path) is not there or no figure")
      }
    }
    self.kept = kept
    self.problems = problems
  }

  /// The parameters that are not the same in all of a list.
  private static func differing(_ parameters: [Parameters]) -> [String] {
    let names = Set(parameters.flatMap(\.keys)).sorted()
    return names.filter { name in Set(parameters.map { $0[name] }).count > 1 }
  }

  /// The pictures of the first run of each group, each once, in the order of their names.
  private static func pictures(_ groups: [Group]) -> [(artifact: Artifact, run: RunResult)] {
    var seen: Set<String> = []
    let all = groups.compactMap(\.runs.first).flatMap { run in
      run.artifacts.filter { $0.name.hasPrefix(figurePrefix) && $0.name.hasSuffix(".json") }.map { ($0, run) }
    }
    return all.sorted { $0.0.name < $1.0.name }.filter { seen.insert($0.0.digest).inserted }
  }

  private static let figurePrefix = "figures/"

  private static let originName = "recipe and version"

  private static func origin(_ result: RunResult) -> String {
    "\(result.scriptDigest.prefix(7)) \(result.version)"
  }

  private var metric: String? {
    options.metric ?? ["top1", "score", "accuracy"].first { metrics.contains($0) } ?? metrics.first
  }

  private func label(_ group: Group, without name: String? = nil) -> String {
    let names = varying.filter { $0 != name }
    return names.isEmpty
      ? "runs" : names.map { "\($0)=\(group.parameters[$0].map { "\($0)" } ?? "-")" }.joined(separator: " ")
  }

  private func number(_ group: Group, _ name: String) -> Double? {
    group.parameters[name]?.number ?? group.statistics(name)?.mean
  }

  /// The pictures that the runs give something for, then those that they kept.
  public var figures: [(figure: Figure, caption: String)] {
    let charts = [front, curve].compactMap { $0 }.map { Figure.chart($0) }
    let own = charts + [bars].compactMap { $0 }.map { .bars($0) } + stepCharts.map { .chart($0) }
    return own.map { ($0, "") } + kept.map { ($0.figure, $0.run) }
  }

  /// How many pictures of runs are not shown.
  public var hiddenFigures: Int { keptCount - kept.count - problems.count }

  /// The metric by a parameter that is a text, such as the layer: the largest mean first.
  private var bars: BarChart? {
    let name = options.against ?? "layer"
    guard let metric, varying.contains(name), groups.allSatisfy({ $0.parameters[name]?.number == nil }) else {
      return nil
    }
    // The groups are in the order of their parameters.
    var (kinds, names): ([String], [String]) = ([], [])
    var bars: [String: [String: BarChart.Bar]] = [:]
    for group in groups {
      guard let value = group.parameters[name], let found = group.statistics(metric) else { continue }
      let (kind, row) = (label(group, without: name), "\(value)")
      if !kinds.contains(kind) { kinds.append(kind) }
      if bars[row] == nil { names.append(row) }
      bars[row, default: [:]][kind] = BarChart.Bar(found.mean, spread: found.spread)
    }
    let rows = names.map { row in BarChart.Row(row, kinds.map { bars[row]?[$0] }) }
    return BarChart(
      title: "\(metric) by \(name)", x: metric, kinds: kinds,
      rows: rows.sorted { Self.mean($0) > Self.mean($1) })
  }

  /// Accuracy over bits, with the front that no group beats.
  private var front: Chart? {
    let against = options.against ?? "stored_bits"
    guard let metric, metric != against, metrics.contains(against) else { return nil }
    let points = groups.compactMap { group -> (String, Chart.Point)? in
      guard let x = number(group, against), let y = group.statistics(metric) else { return nil }
      let family =
        group.parameters["granularity"].map { "\($0)" } ?? group.parameters["method"].map { "\($0)" }
        ?? "runs"
      return (family, Chart.Point(x: x, y: y.mean, spread: y.spread, label: label(group)))
    }
    guard points.count > 1 else { return nil }
    let families = Set(points.map(\.0)).sorted()
    let series = families.map { family in
      Chart.Series(family, .points, points.filter { $0.0 == family }.map(\.1))
    }
    return Chart(
      title: "\(metric) over \(against)", x: against, y: metric,
      [Chart.Series("", .steps, Chart.front(points.map(\.1)))] + series)
  }

  /// The metric over the parameter that `against` names, or over the number of samples.
  private var curve: Chart? {
    let name = options.against ?? "samples"
    guard let metric, varying.contains(name), !metrics.contains(name) else { return nil }
    let rows = groups.compactMap { group -> (String, Chart.Point)? in
      guard let x = number(group, name), let y = group.statistics(metric) else { return nil }
      return (
        label(group, without: name), Chart.Point(x: x, y: y.mean, spread: y.spread, label: label(group))
      )
    }
    let lines = Set(rows.map(\.0)).sorted().map { line in
      Chart.Series(line, .line, rows.filter { $0.0 == line }.map(\.1).sorted { $0.x < $1.x })
    }
    guard !lines.isEmpty else { return nil }
    return Chart(title: "\(metric) over \(name)", x: name, y: metric, isLogarithmic: name == "samples", lines)
  }

  private static func mean(_ row: BarChart.Row) -> Double {
    let values = row.bars.compactMap { $0?.value }
    return values.reduce(0, +) / Double(max(1, values.count))
  }

  /// Metrics with steps, a line a run; the first eight.
  private var stepCharts: [Chart] {
    let names = Set(results.flatMap(\.metrics).filter { $0.step != nil }.map(\.name)).sorted()
    return names.map { name in
      let shown = results.filter { $0.metrics.contains { $0.name == name } }.prefix(8)
      let differing = Self.differing(shown.map(\.parameters))
      let lines = shown.map { result in
        let points = result.metrics.filter { $0.name == name }.compactMap { metric in
          metric.step.map { Chart.Point(x: Double($0), y: metric.value) }
        }
        let own = result.parameters.filter { differing.contains($0.key) }.text
        return Chart.Series(own.isEmpty ? result.id : own, .line, points)
      }
      // What tells these runs from others of the report stands once.
      let common = shown.first?.parameters.filter {
        (varying.contains($0.key) || $0.key == "seed") && !differing.contains($0.key)
      }
      let title = "\(name) over steps" + (common.map(\.text).flatMap { $0.isEmpty ? nil : " (\($0))" } ?? "")
      return Chart(title: title, x: "step", y: name, lines)
    }
  }

  /// Means and spreads, a row a group.
  public var table: ReportTable {
    let shown = varying.isEmpty ? Set(groups.flatMap(\.parameters.keys)).sorted() : varying
    // What has steps has a chart.
    let stepped = Set(results.flatMap(\.metrics).filter { $0.step != nil }.map(\.name))
    let free = metrics.filter { !shown.contains($0) && !(stepped.contains($0) && $0.contains("/")) }
    var table = ReportTable(
      columns: shown.map { .init($0, .text) } + [.init("runs", .integer)] + free.map { .init($0, .text) })
    for group in groups {
      var values: [String: ReportTable.Value] = ["runs": .number(Double(group.runs.count))]
      for name in shown { values[name] = group.parameters[name].map { .text("\($0)") } ?? .missing }
      for name in free {
        values[name] =
          group.statistics(name).map { mean, spread in
            let text = Decimal.fixed(mean, decimals: 2)
            return .text(group.runs.count > 1 ? "\(text) ± \(Decimal.fixed(spread, decimals: 2))" : text)
          } ?? .missing
      }
      table.add(values)
    }
    return table
  }

  /// The page: no script, no other file; the same runs give the same bytes.
  ///
  /// - Throws: when the template cannot be rendered.
  public func html() throws -> String {
    let template = try MustacheTemplate(string: Self.page)
    let common = Set(groups.flatMap(\.parameters.keys)).subtracting(varying).sorted()
    let shared = groups.first.map { group in
      common.map { ["name": $0, "value": group.parameters[$0].map { "\($0)" } ?? "-"] }
    }
    let environment = results.first?.environment.sorted { $0.key < $1.key }.map {
      ["name": $0.key, "value": $0.value]
    }
    let content: [String: Any] = [
      "title": options.title, "style": Chart.style, "count": results.count, "groups": groups.count,
      "columns": table.columns.map { $0.name.map { $0 == "_" ? " " : String($0) }.joined() },
      "rows": table.shownRows.map { ["cells": $0] },
      "shared": (shared ?? []) + (environment ?? []),
      "hidden": hiddenFigures > 0 ? [["count": hiddenFigures]] : [],
      "figures": figures.map { figure, caption in
        let data = figure.data
        return [
          "title": figure.title, "caption": caption, "svg": figure.svg,
          "legend": figure.legend.map { ["style": $0.style, "mark": $0.mark, "name": $0.name] },
          "columns": data.columns, "points": data.rows.map { ["cells": $0] },
        ] as [String: Any]
      },
    ]
    return template.render(content)
  }

  private static let page = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>{{title}}</title>
    <style>
    :root { color-scheme: light dark; }
    body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; }
    .table { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
    th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); white-space: nowrap; }
    figure { margin: 1.5rem 0; } .legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; list-style: none; font-size: .9rem; }
    {{{style}}}</style>
    </head>
    <body>
    <h1>{{title}}</h1>
    <p>{{count}} runs in {{groups}} groups; runs of a group differ in their seed only. Mean ± standard deviation.</p>
    <div class="table"><table><thead><tr>{{#columns}}<th>{{.}}</th>{{/columns}}</tr></thead><tbody>
    {{#rows}}<tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
    {{/rows}}</tbody></table></div>
    {{#figures}}
    <figure>
    <figcaption><h2>{{title}}</h2>{{caption}}</figcaption>
    <div class="table">{{{svg}}}</div>
    <ul class="legend">{{#legend}}<li><span class="{{style}}">{{mark}}</span> {{name}}</li>{{/legend}}</ul>
    <details><summary>Data</summary><div class="table"><table><thead><tr>{{#columns}}<th>{{.}}</th>{{/columns}}</tr></thead><tbody>
    {{#points}}<tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
    {{/points}}</tbody></table></div></details>
    </figure>
    {{/figures}}
    {{#hidden}}<p>{{count}} more figures: name runs to see theirs.</p>{{/hidden}}
    <h2>What the runs have in common</h2>
    <div class="table"><table><tbody>{{#shared}}<tr><th>{{name}}</th><td>{{value}}</td></tr>
    {{/shared}}</tbody></table></div>
    </body>
    </html>

    """
}
