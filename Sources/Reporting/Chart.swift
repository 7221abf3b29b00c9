/// Points and lines over two axes, as SVG that needs no script and follows the page's colours.
///
/// The same content gives the same bytes.
public struct Chart: Hashable, Sendable, Codable {
  /// One point; `spread` is the standard deviation of y, 0 for none.
  public struct Point: Hashable, Sendable, Codable {
    /// Where it lies.
    public let x, y: Double
    /// The standard deviation of y.
    public let spread: Double
    /// What it is, shown when it is pointed at.
    public let label: String

    /// Makes a point.
    public init(x: Double, y: Double, spread: Double = 0, label: String = "") {
      self.x = x
      self.y = y
      self.spread = spread
      self.label = label
    }
  }

  /// Points of one kind.
  public struct Series: Hashable, Sendable, Codable {
    /// How its points are joined.
    public enum Style: String, Hashable, Sendable, Codable { case points, line, steps }
    /// Its name in the legend; an empty one is not shown there.
    public let name: String
    /// How its points are joined.
    public let style: Style
    /// Its points, in order.
    public let points: [Point]

    /// Makes a series.
    public init(_ name: String, _ style: Style, _ points: [Point]) {
      self.name = name
      self.style = style
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite && $0.spread.isFinite }
    }
  }

  /// What it shows.
  public let title: String
  /// The names of the axes.
  public let xLabel, yLabel: String
  /// Whether x is shown by its logarithm; all x are above 0 then.
  public let isLogarithmic: Bool
  /// What it is made of.
  public let series: [Series]

  /// Makes a chart.
  public init(title: String, x: String, y: String, isLogarithmic: Bool = false, _ series: [Series]) {
    self.title = title
    xLabel = x
    yLabel = y
    let isPositive = series.flatMap(\.points).allSatisfy { $0.x > 0 }
    self.isLogarithmic = isLogarithmic && isPositive
    self.series = series
  }

  /// The style that pages with charts need.
  public static let style = """
    .chart { width: 100%; min-width: 32rem; max-width: 44rem; height: auto; font: 12px system-ui, sans-serif; }
    .chart text { fill: currentColor; } .chart .axis { stroke: currentColor; stroke-width: 1; opacity: .55; }
    .chart .grid { stroke: currentColor; stroke-width: .5; opacity: .18; } .chart .line { fill: none; stroke-width: 2; }
    .chart .front { fill: none; stroke: currentColor; stroke-width: 1; stroke-dasharray: 4 3; opacity: .6; }
    .s0 { color: #0072b2; } .s1 { color: #d55e00; } .s2 { color: #009e73; } .s3 { color: #cc79a7; } .s4 { color: #8a6d00; }
    .s5 { color: #56608f; } .s6 { color: #a23b3b; } .s7 { color: #666666; }
    @media (prefers-color-scheme: dark) { .s0 { color: #56b4e9; } .s1 { color: #f0803c; } .s2 { color: #3cc9a0; } .s3 { color: #e0a3c8; }
      .s4 { color: #e0c030; } .s5 { color: #a3aee0; } .s6 { color: #e88; } .s7 { color: #aaa; } }
    .chart [class^="s"] .mark { fill: currentColor; stroke: none; } .chart [class^="s"] .line, .chart [class^="s"] .bar { stroke: currentColor; }

    """

  /// Axes that all series fit into.
  var frame: ChartFrame {
    let points = series.flatMap(\.points)
    return ChartFrame(
      xs: Axis(points.map(\.x), isLogarithmic: isLogarithmic),
      ys: Axis(points.flatMap { [$0.y - $0.spread, $0.y + $0.spread] }, isLogarithmic: false), xLabel: xLabel,
      yLabel: yLabel)
  }

  /// The series with their places in the legend; `nil` for those without a name.
  private var numbered: [(series: Series, index: Int?)] {
    var count = 0
    return series.map { one in
      guard !one.name.isEmpty else { return (one, nil) }
      count += 1
      return (one, count - 1)
    }
  }

  /// The chart as an `svg` element.
  public var svg: String {
    let frame = frame
    var parts = frame.elements
    let named = series.filter { !$0.name.isEmpty }.map(\.name)
    for (one, index) in numbered {
      parts.append(index.map { "<g class=\"s\($0 % 8)\">" } ?? "<g>")
      let places = one.points.map { (frame.x($0.x), frame.y($0.y)) }
      if one.style != .points, let first = places.first {
        var path = "M\(SVG.number(first.0)) \(SVG.number(first.1))"
        for (px, py) in places.dropFirst() {
          path +=
            one.style == .steps
            ? "H\(SVG.number(px))V\(SVG.number(py))" : "L\(SVG.number(px)) \(SVG.number(py))"
        }
        parts.append("<path class=\"\(index == nil ? "front" : "line")\" d=\"\(path)\"/>")
      }
      if let index {
        for (point, place) in zip(one.points, places) {
          if point.spread > 0 {
            parts.append(
              "<path class=\"bar\" d=\"M\(SVG.number(place.0)) \(SVG.number(frame.y(point.y - point.spread)))V\(SVG.number(frame.y(point.y + point.spread)))\"/>"
            )
          }
          parts.append(Self.mark(index, place, point.label))
        }
      }
      parts.append("</g>")
    }
    let description = named.isEmpty ? title : "\(title): \(named.joined(separator: ", "))"
    return SVG.picture(title, description, height: ChartFrame.height, parts)
  }

  /// The names of the series with their marks.
  public var legend: [(style: String, mark: String, name: String)] {
    series.filter { !$0.name.isEmpty }.enumerated().map { index, one in
      (
        "s\(index % 8)", ["●", "■", "◆", "▲"][Self.shape(index)],
        one.name
      )
    }
  }

  /// Which of four marks a series has; with eight colours, 32 series differ.
  private static func shape(_ index: Int) -> Int { (index + index / 8) % 4 }

  private static func mark(_ index: Int, _ place: (Double, Double), _ label: String) -> String {
    let (x, y) = (SVG.number(place.0), SVG.number(place.1))
    let shape = shape(index)
    let title = SVG.tip(label)
    let path = ["", "M-4-4H4V4H-4Z", "M0-5.5L5.5 0L0 5.5L-5.5 0Z", "M0-5L5 4H-5Z"][shape]
    return shape == 0
      ? "<circle class=\"mark\" cx=\"\(x)\" cy=\"\(y)\" r=\"4\">\(title)</circle>"
      : "<path class=\"mark\" transform=\"translate(\(x) \(y))\" d=\"\(path)\">\(title)</path>"
  }

  /// The points that no other one beats: as x grows, those whose y is above all before.
  public static func front(_ points: [Point]) -> [Point] {
    var best = -Double.infinity
    return points.sorted { ($0.x, -$0.y) < ($1.x, -$1.y) }.filter { point in
      guard point.y > best else { return false }
      best = point.y
      return true
    }
  }
}

extension Chart {
  /// The chart for a terminal: lines in Braille dots, points as the marks of the legend.
  func text(width: Int) -> String {
    let frame = frame
    let labels = frame.ys.ticks.map(\.label)
    let margin = (labels.map(\.count).max() ?? 0) + 1
    let (columns, lines) = (max(20, width - margin - 1), 16)
    var canvas = BrailleCanvas(columns: columns, lines: lines)
    for (one, index) in numbered {
      let places = one.points.map { (frame.xs.share($0.x), frame.ys.share($0.y)) }
      if one.style != .points {
        for (from, to) in zip(places, places.dropFirst()) {
          let corner = one.style == .steps ? (to.0, from.1) : to
          canvas.line(from, corner)
          canvas.line(corner, to)
        }
      }
      guard let index else { continue }
      // Curves of many points are better without marks.
      if places.count <= 20 {
        for place in places { canvas.mark(place.0, place.1, Character(legend[index].mark)) }
      }
    }
    var margins = [String](repeating: "", count: lines)
    for tick in frame.ys.ticks {
      margins[min(lines - 1, max(0, Int((1 - frame.ys.share(tick.value)) * Double(lines))))] = tick.label
    }
    var result = [title]
    for (label, line) in zip(margins, canvas.text) {
      result.append(label.padded(to: margin - 1, isRight: true) + "│" + line)
    }
    result.append(String(repeating: " ", count: margin - 1) + "└" + String(repeating: "─", count: columns))
    result.append(Self.below(frame.xs, columns, margin))
    result.append(String(repeating: " ", count: margin) + xLabel)
    for item in legend { result.append("  \(item.mark) \(item.name)") }
    return result.joined(separator: "\n") + "\n"
  }

  /// Names of values under an axis, where there is room.
  private static func below(_ axis: Axis, _ columns: Int, _ margin: Int) -> String {
    var row = String(repeating: " ", count: margin)
    for tick in axis.ticks {
      let place = margin + Int(axis.share(tick.value) * Double(columns)) - tick.label.count / 2
      guard place > row.count || row.allSatisfy({ $0 == " " }) else { continue }
      row = row.padded(to: place) + tick.label
    }
    return row
  }
}
