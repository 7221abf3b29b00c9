#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Points and lines over two axes, as SVG that needs no script and follows the page's colours.
///
/// The same content gives the same bytes.
public struct Chart: Sendable {
  /// One point; `spread` is the standard deviation of y, 0 for none.
  public struct Point: Sendable, Equatable {
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
  public struct Series: Sendable {
    /// How its points are joined.
    public enum Style: Sendable { case points, line, steps }
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

  private static let (width, height) = (640.0, 380.0)
  private static let (left, right, top, bottom) = (64.0, 16.0, 16.0, 48.0)

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

  /// The chart as an `svg` element.
  public var svg: String {
    let points = series.flatMap(\.points)
    let xs = Axis(points.map { isLogarithmic ? log2($0.x) : $0.x }, isLogarithmic: isLogarithmic)
    let ys = Axis(points.flatMap { [$0.y - $0.spread, $0.y + $0.spread] }, isLogarithmic: false)
    func x(_ value: Double) -> Double {
      Self.left + xs.share(isLogarithmic ? log2(value) : value) * (Self.width - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - ys.share(value) * (Self.height - Self.top - Self.bottom)
    }
    var parts: [String] = []
    for tick in xs.ticks {
      let place = Self.text(x(tick.value))
      parts.append("<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"16\" y2=\"332\"/>")
      parts.append("<text x=\"\(place)\" y=\"348\" text-anchor=\"middle\">\(tick.label)</text>")
    }
    for tick in ys.ticks {
      let place = Self.text(y(tick.value))
      parts.append("<line class=\"grid\" x1=\"64\" x2=\"624\" y1=\"\(place)\" y2=\"\(place)\"/>")
      parts.append(
        "<text x=\"58\" y=\"\(place)\" text-anchor=\"end\" dominant-baseline=\"middle\">\(tick.label)</text>")
    }
    parts.append("<path class=\"axis\" fill=\"none\" d=\"M64 16V332H624\"/>")
    parts.append("<text x=\"344\" y=\"372\" text-anchor=\"middle\">\(xLabel.escapedForHTML)</text>")
    parts.append(
      "<text x=\"14\" y=\"174\" text-anchor=\"middle\" transform=\"rotate(-90 14 174)\">\(yLabel.escapedForHTML)</text>"
    )
    let named = series.filter { !$0.name.isEmpty }.map(\.name)
    for one in series {
      let index = named.firstIndex(of: one.name)
      parts.append(index.map { "<g class=\"s\($0 % 8)\">" } ?? "<g>")
      let places = one.points.map { (x($0.x), y($0.y)) }
      if one.style != .points, let first = places.first {
        var path = "M\(Self.text(first.0)) \(Self.text(first.1))"
        for (px, py) in places.dropFirst() {
          path +=
            one.style == .steps ? "H\(Self.text(px))V\(Self.text(py))" : "L\(Self.text(px)) \(Self.text(py))"
        }
        parts.append("<path class=\"\(index == nil ? "front" : "line")\" d=\"\(path)\"/>")
      }
      if let index {
        for (point, place) in zip(one.points, places) {
          if point.spread > 0 {
            parts.append(
              "<path class=\"bar\" d=\"M\(Self.text(place.0)) \(Self.text(y(point.y - point.spread)))V\(Self.text(y(point.y + point.spread)))\"/>"
            )
          }
          parts.append(Self.mark(index, place, point.label))
        }
      }
      parts.append("</g>")
    }
    let description = named.isEmpty ? title : "\(title): \(named.joined(separator: ", "))"
    return """
      <svg class="chart" viewBox="0 0 640 380" role="img" xmlns="http://www.w3.org/2000/svg"><title>\(title.escapedForHTML)</title>\
      <desc>\(description.escapedForHTML)</desc>
      \(parts.joined(separator: "\n"))
      </svg>
      """
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
    let (x, y) = (text(place.0), text(place.1))
    let shape = shape(index)
    let title = label.isEmpty ? "" : "<title>\(label.escapedForHTML)</title>"
    let path = ["", "M-4-4H4V4H-4Z", "M0-5.5L5.5 0L0 5.5L-5.5 0Z", "M0-5L5 4H-5Z"][shape]
    return shape == 0
      ? "<circle class=\"mark\" cx=\"\(x)\" cy=\"\(y)\" r=\"4\">\(title)</circle>"
      : "<path class=\"mark\" transform=\"translate(\(x) \(y))\" d=\"\(path)\">\(title)</path>"
  }

  private static func text(_ value: Double) -> String { Decimal.fixed(value, decimals: 2) }

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

/// The range of an axis and the values that are named.
private struct Axis {
  let ticks: [(value: Double, label: String)]
  private let low, high: Double

  init(_ values: [Double], isLogarithmic: Bool) {
    let smallest = values.min() ?? 0
    let largest = values.max() ?? 1
    let extent = largest > smallest ? largest - smallest : max(1, abs(largest))
    if isLogarithmic {
      low = smallest - 0.05 * extent
      high = largest + 0.05 * extent
      let count = max(1, Int((largest - smallest).rounded()))
      let stride = max(1, count / 8)
      ticks = (Int(smallest.rounded(.down))...Int(largest.rounded(.up))).filter { $0 % stride == 0 }
        .map { (pow2($0), Axis.label(pow2($0), step: 1)) }
        .filter { log2($0.0) >= smallest - 0.05 * extent && log2($0.0) <= largest + 0.05 * extent }
      return
    }
    let step = Axis.step(extent / 5)
    low = ((smallest - 0.02 * extent) / step).rounded(.down) * step
    high = ((largest + 0.02 * extent) / step).rounded(.up) * step
    let first = Int((low / step).rounded())
    ticks = (first...max(first, Int((high / step).rounded()))).map { index in
      (Double(index) * step, Axis.label(Double(index) * step, step: step))
    }
  }

  func share(_ value: Double) -> Double { (value - low) / (high - low) }

  /// 1, 2 or 5 times a power of ten, at least `least`.
  private static func step(_ least: Double) -> Double {
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * 0.999 } ?? 10 * power
  }

  private static func label(_ value: Double, step: Double) -> String {
    let decimals = max(0, min(9, Int(-log10(step).rounded(.down))))
    return abs(value) >= 1e6 ? "\(value)" : Decimal.fixed(value, decimals: decimals)
  }
}

private func pow2(_ exponent: Int) -> Double { pow(2, Double(exponent)) }
