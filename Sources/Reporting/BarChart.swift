/// Numbers by name as bars that lie, several kinds beside each other.
public struct BarChart: Hashable, Sendable, Codable {
  /// One bar; `spread` is the standard deviation, 0 for none.
  public struct Bar: Hashable, Sendable, Codable {
    /// Where it ends.
    public let value: Double
    /// The standard deviation of the value.
    public let spread: Double

    /// Makes a bar.
    public init(_ value: Double, spread: Double = 0) {
      self.value = value
      self.spread = spread
    }
  }
  /// The bars of one name, one a kind; `nil` for none.
  public struct Row: Hashable, Sendable, Codable {
    /// The name.
    public let name: String
    /// A bar for each of the chart's kinds.
    public let bars: [Bar?]

    /// Makes a row.
    public init(_ name: String, _ bars: [Bar?]) {
      self.name = name
      self.bars = bars
    }
  }

  /// What it shows.
  public let title: String
  /// What the numbers are.
  public let xLabel: String
  /// Names of the kinds.
  public let kinds: [String]
  /// The names with their bars, from the top.
  public let rows: [Row]

  /// The most rows there are.
  public static let mostRows = 500

  /// Makes a chart.
  public init(title: String, x: String, kinds: [String], rows: [Row]) {
    self.title = title
    xLabel = x
    self.kinds = Array(kinds.prefix(8))
    let count = self.kinds.count
    self.rows = rows.prefix(Self.mostRows).map { row in
      let finite = row.bars.map { bar in bar.flatMap { $0.value.isFinite && $0.spread.isFinite ? $0 : nil } }
      return Row(row.name, (0..<count).map { $0 < finite.count ? finite[$0] : nil })
    }
  }

  private func nameWidth(atMost limit: Int) -> Int { min(limit, rows.map(\.name.count).max() ?? 0) }

  private static func shown(_ name: String, _ width: Int) -> String {
    name.count > width ? name.prefix(width - 1) + "…" : name
  }

  private var thickness: Double { kinds.count == 1 ? 12 : 7 }
  private var pitch: Double { thickness * Double(kinds.count) + 8 }

  /// Units of the picture's height, of which it is 640 wide.
  var height: Double { 56 + pitch * Double(rows.count) }

  /// The chart as an `svg` element, as high as it needs.
  public var svg: String {
    let (left, right, top) = (12 + 6.6 * Double(nameWidth(atMost: 32)), 610.0, 12.0)
    let bottom = height - 44
    let ends = rows.flatMap { $0.bars.compactMap { $0 } }.flatMap {
      [$0.value - $0.spread, $0.value + $0.spread]
    }
    let axis = Axis([0] + ends, isLogarithmic: false)
    func x(_ value: Double) -> Double { left + axis.share(value) * (right - left) }
    var parts: [String] = []
    for tick in axis.ticks {
      let place = SVG.number(x(tick.value))
      parts.append(
        "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(SVG.number(top))\" y2=\"\(SVG.number(bottom))\"/>"
      )
      parts.append(
        "<text x=\"\(place)\" y=\"\(SVG.number(bottom + 16))\" text-anchor=\"middle\">\(tick.label)</text>")
    }
    for (index, row) in rows.enumerated() {
      let start = top + pitch * Double(index) + 4
      parts.append(
        "<text x=\"\(SVG.number(left - 6))\" y=\"\(SVG.number(start + pitch / 2 - 4))\" text-anchor=\"end\" "
          + "dominant-baseline=\"middle\">\(Self.shown(row.name, 32).escapedForHTML)</text>")
      for (kind, bar) in row.bars.enumerated() {
        guard let bar else { continue }
        let y = start + thickness * Double(kind)
        let tip = SVG.tip("\(row.name), \(kinds[kind]): \(Decimal.significant(bar.value, digits: 5))")
        parts.append(
          "<g class=\"s\(kind)\"><path class=\"mark\" d=\"M\(SVG.number(x(0))) \(SVG.number(y))H\(SVG.number(x(bar.value)))"
            + "V\(SVG.number(y + thickness - 1))H\(SVG.number(x(0)))Z\">\(tip)</path></g>")
        if bar.spread > 0 {
          parts.append(
            "<path class=\"axis\" d=\"M\(SVG.number(x(bar.value - bar.spread))) \(SVG.number(y + thickness / 2))"
              + "H\(SVG.number(x(bar.value + bar.spread)))\"/>")
        }
      }
    }
    parts.append(
      "<text x=\"\(SVG.number((left + right) / 2))\" y=\"\(SVG.number(bottom + 36))\" text-anchor=\"middle\">"
        + "\(xLabel.escapedForHTML)</text>")
    return SVG.picture(title, "\(title): \(kinds.joined(separator: ", "))", height: height, parts)
  }

  /// Names and numbers.
  var tableRows: [[String]] {
    rows.map { row in
      [row.name] + row.bars.map { $0.map { Decimal.significant($0.value, digits: 5) } ?? "-" }
    }
  }

  /// The chart for a terminal.
  func text(width: Int) -> String {
    let names = nameWidth(atMost: min(32, width / 3))
    let labels = kinds.count > 1 ? 1 + (kinds.map(\.count).max() ?? 0) : 0
    let room = Double(max(5, width - names - labels - 14))
    let most = rows.flatMap { $0.bars.compactMap { $0.map { abs($0.value) } } }.max() ?? 0
    var lines = [title]
    for row in rows {
      for (kind, bar) in row.bars.enumerated() {
        guard let bar else { continue }
        let name = (kind == row.bars.firstIndex { $0 != nil } ? Self.shown(row.name, names) : "").padded(
          to: names)
        let number = Decimal.significant(bar.value, digits: 4).padded(to: 10, isRight: true)
        let cells = TextBlocks.bar(most > 0 ? abs(bar.value) / most * room : 0)
        let label = kinds.count > 1 ? " \(kinds[kind])" : ""
        lines.append("\(name) \(number) \(cells)\(label)")
      }
    }
    return lines.joined(separator: "\n") + "\n\(xLabel)\n"
  }
}
