import Foundation

/// A picture of numbers: for a page, for a terminal, and as JSON that a run keeps.
public enum Figure: Hashable, Sendable {
  /// Points and lines over two axes.
  case chart(Chart)
  /// How often values occur.
  case histogram(Histogram)
  /// Numbers by name.
  case bars(BarChart)
  /// Ranges of channels.
  case strips(RangeStrips)

  /// What it shows.
  public var title: String {
    switch self {
    case .chart(let chart): chart.title
    case .histogram(let histogram): histogram.title
    case .bars(let bars): bars.title
    case .strips(let strips): strips.title
    }
  }

  /// The picture as an `svg` element that needs ``Chart/style``.
  public var svg: String {
    switch self {
    case .chart(let chart): chart.svg
    case .histogram(let histogram): histogram.svg
    case .bars(let bars): bars.svg
    case .strips(let strips): strips.svg
    }
  }

  private var height: Double {
    if case .bars(let bars) = self { bars.height } else { ChartFrame.height }
  }

  /// Lines of a legend that a file has, at most.
  private static let mostLegendLines = 24

  /// The picture as a file of its own, with title and legend.
  public var svgFile: String {
    let shown = legend.prefix(Self.mostLegendLines)
    let lines = shown.enumerated().map { index, item in
      let y = SVG.number(height + 40 + 17 * Double(index))
      let mark = "<tspan class=\"\(item.style)\" style=\"fill: currentColor\">\(item.mark)</tspan>"
      return "<text x=\"64\" y=\"\(y)\">\(mark) \(String(item.name.prefix(90)).escapedForHTML)</text>"
    }
    let inner = svg.replacing(
      "<svg class=\"chart\"", with: "<svg y=\"24\" width=\"640\" height=\"\(SVG.number(height))\"",
      maxReplacements: 1)
    let whole = SVG.number(height + 40 + 17 * Double(shown.count))
    return """
      <svg class="chart" viewBox="0 0 640 \(whole)" xmlns="http://www.w3.org/2000/svg"><style>
      \(Chart.style)svg.chart { color: #1c1c1c; background: #ffffff; }
      @media (prefers-color-scheme: dark) { svg.chart { color: #e4e4e4; background: #161616; } }
      </style>
      <text x="320" y="18" text-anchor="middle" font-weight="bold">\(title.escapedForHTML)</text>
      \(inner)
      \(lines.joined(separator: "\n"))
      </svg>

      """
  }

  /// The picture for a terminal.
  ///
  /// - Parameter width: Columns there are.
  public func text(width: Int = 78) -> String {
    switch self {
    case .chart(let chart): chart.text(width: width)
    case .histogram(let histogram): histogram.text(width: width)
    case .bars(let bars): bars.text(width: width)
    case .strips(let strips): strips.text(width: width)
    }
  }

  /// Names of kinds with class and mark, for a legend.
  public var legend: [(style: String, mark: String, name: String)] {
    switch self {
    case .chart(let chart): chart.legend
    case .histogram(let histogram):
      [("s0", "■", "values")] + (histogram.levels.isEmpty ? [] : [("s1", "|", "levels")])
        + (histogram.edges.isEmpty ? [] : [("", "┆", "edges")])
    case .bars(let bars): bars.kinds.enumerated().map { ("s\($0)", "■", $1) }
    case .strips: [("s0", "│", "values, the middle half thick"), ("s1", "—", "ends of the grid")]
    }
  }

  /// The numbers that are shown.
  public var data: (columns: [String], rows: [[String]]) {
    switch self {
    case .chart(let chart):
      (
        ["", chart.xLabel, chart.yLabel],
        chart.series.filter { !$0.name.isEmpty }.flatMap { series in
          series.points.map { [series.name, "\($0.x)", Decimal.significant($0.y, digits: 6)] }
        }
      )
    case .histogram(let histogram): ([histogram.xLabel, "count"], histogram.rows)
    case .bars(let bars): ([""] + bars.kinds, bars.tableRows)
    case .strips(let strips):
      (
        ["channel", "low", "1st quartile", "3rd quartile", "high", "lowest level", "highest level"],
        strips.rows
      )
    }
  }
}

extension Figure: Codable {
  private enum Key: String, CodingKey, CaseIterable { case chart, histogram, bars, strips }

  /// Reads what ``encode(to:)`` wrote; numbers out of range are left out.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    // The initializers keep what cannot be drawn out.
    switch container.allKeys.first {
    case .chart:
      let chart = try container.decode(Chart.self, forKey: .chart)
      self = .chart(
        Chart(
          title: chart.title, x: chart.xLabel, y: chart.yLabel, isLogarithmic: chart.isLogarithmic,
          chart.series.map { Chart.Series($0.name, $0.style, $0.points) }))
    case .histogram:
      let one = try container.decode(Histogram.self, forKey: .histogram)
      self = .histogram(
        Histogram(
          title: one.title, x: one.xLabel, low: one.low, high: one.high, counts: one.counts, edges: one.edges,
          levels: one.levels, isLogarithmic: one.isLogarithmic))
    case .bars:
      let bars = try container.decode(BarChart.self, forKey: .bars)
      self = .bars(BarChart(title: bars.title, x: bars.xLabel, kinds: bars.kinds, rows: bars.rows))
    case .strips:
      let strips = try container.decode(RangeStrips.self, forKey: .strips)
      self = .strips(
        RangeStrips(
          title: strips.title,
          strips.strips.map {
            RangeStrips.Strip(
              low: $0.low, lowQuartile: $0.lowQuartile, highQuartile: $0.highQuartile, high: $0.high,
              lowestLevel: $0.lowestLevel, highestLevel: $0.highestLevel)
          }))
    case nil:
      throw DecodingError.valueNotFound(
        Figure.self, .init(codingPath: decoder.codingPath, debugDescription: ""))
    }
  }

  /// Writes an object with one member that says what it is.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .chart(let chart): try container.encode(chart, forKey: .chart)
    case .histogram(let histogram): try container.encode(histogram, forKey: .histogram)
    case .bars(let bars): try container.encode(bars, forKey: .bars)
    case .strips(let strips): try container.encode(strips, forKey: .strips)
    }
  }

  /// The figure as JSON, the same bytes for the same figure.
  public var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }

  /// Reads JSON; `nil` when it is not that of a figure.
  public init?(json: some Sequence<UInt8>) {
    guard let figure = try? JSONDecoder().decode(Figure.self, from: Data(json)) else { return nil }
    self = figure
  }
}
