/// The values of each channel and the range of its grid, a strip a channel.
public struct RangeStrips: Hashable, Sendable, Codable {
  /// One channel.
  public struct Strip: Hashable, Sendable, Codable {
    /// The least and the largest value.
    public let low, high: Double
    /// A quarter of the values lies below the first, a quarter above the second.
    public let lowQuartile, highQuartile: Double
    /// The lowest and the highest level of the grid.
    public let lowestLevel, highestLevel: Double

    /// Makes a strip; numbers in another order are put in order.
    public init(
      low: Double, lowQuartile: Double, highQuartile: Double, high: Double, lowestLevel: Double,
      highestLevel: Double
    ) {
      let values = [low, lowQuartile, highQuartile, high].map(Axis.bounded).sorted()
      self.low = values[0]
      self.lowQuartile = values[1]
      self.highQuartile = values[2]
      self.high = values[3]
      self.lowestLevel = Axis.bounded(min(lowestLevel, highestLevel))
      self.highestLevel = Axis.bounded(max(lowestLevel, highestLevel))
    }

    var all: [Double] { [low, lowQuartile, highQuartile, high, lowestLevel, highestLevel] }
  }

  /// What it shows.
  public let title: String
  /// The channels in order.
  public let strips: [Strip]

  /// The most channels there are.
  public static let mostStrips = 4096

  /// Makes strips; those with NaN are left out.
  public init(title: String, _ strips: [Strip]) {
    self.title = title
    self.strips = strips.prefix(Self.mostStrips).filter { $0.all.allSatisfy(\.isFinite) }
  }

  /// The strips as an `svg` element: values thin, their middle half thick, the grid's ends as strokes.
  public var svg: String {
    let frame = ChartFrame(
      xs: Axis([0.5, Double(max(1, strips.count)) + 0.5], isLogarithmic: false),
      ys: Axis(strips.flatMap(\.all), isLogarithmic: false), xLabel: "channel", yLabel: "value")
    var parts = frame.elements
    let width = max(0.6, min(9, 0.7 * (frame.x(2) - frame.x(1))))
    for (index, strip) in strips.enumerated() {
      let x = frame.x(Double(index + 1))
      func vertical(_ low: Double, _ high: Double) -> String {
        "M\(SVG.number(x)) \(SVG.number(frame.y(low)))V\(SVG.number(frame.y(high)))"
      }
      let tip =
        "channel \(index + 1): \(shown(strip.low)) to \(shown(strip.high)), levels \(shown(strip.lowestLevel)) to "
        + shown(strip.highestLevel)
      parts.append(
        "<g class=\"s0\"><path class=\"bar\" d=\"\(vertical(strip.low, strip.high))\">\(SVG.tip(tip))</path>"
          + "<path class=\"bar\" stroke-width=\"\(SVG.number(width))\" d=\"\(vertical(strip.lowQuartile, strip.highQuartile))\"/></g>"
      )
      for level in [strip.lowestLevel, strip.highestLevel] {
        let y = SVG.number(frame.y(level))
        parts.append(
          "<g class=\"s1\"><path class=\"bar\" d=\"M\(SVG.number(x - width / 2)) \(y)H\(SVG.number(x + width / 2))\"/></g>"
        )
      }
    }
    return SVG.picture(title, "\(title): \(strips.count) channels", height: ChartFrame.height, parts)
  }

  private func shown(_ value: Double) -> String { Decimal.significant(value, digits: 4) }

  /// Channels and their numbers.
  var rows: [[String]] {
    strips.enumerated().map { index, strip in ["\(index + 1)"] + strip.all.map(shown) }
  }

  /// The strips for a terminal, at most 64: `─` values, `█` their middle half, `|` the grid's ends.
  func text(width: Int) -> String {
    let columns = max(20, width - 6)
    let numbers = strips.flatMap(\.all)
    let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 1)
    func column(_ value: Double) -> Int {
      high > low ? min(columns - 1, Int(Double(columns) * (value - low) / (high - low))) : 0
    }
    var lines = [title]
    for (index, strip) in strips.prefix(64).enumerated() {
      var row = [Character](repeating: " ", count: columns)
      for place in column(strip.low)...column(strip.high) { row[place] = "─" }
      for place in column(strip.lowQuartile)...column(strip.highQuartile) { row[place] = "█" }
      row[column(strip.lowestLevel)] = "|"
      row[column(strip.highestLevel)] = "|"
      lines.append("\(index + 1)".padded(to: 4, isRight: true) + "  " + String(row).trimmingEnd)
    }
    if strips.count > 64 { lines.append("… \(strips.count - 64) more") }
    lines.append("      \(shown(low)) to \(shown(high))")
    lines.append("      | ends of the grid, █ middle half")
    return lines.joined(separator: "\n") + "\n"
  }
}
