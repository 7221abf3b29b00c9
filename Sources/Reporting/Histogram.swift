#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How often values occur, with the edges and the levels of a grid over them.
public struct Histogram: Hashable, Sendable, Codable {
  /// What it shows.
  public let title: String
  /// What the values are.
  public let xLabel: String
  /// The least and the largest value.
  public let low, high: Double
  /// How many values each bin has; bins are equally wide from ``low`` to ``high``.
  public let counts: [Int]
  /// Edges of the intervals, rising; those outside the bins are not drawn.
  public let edges: [Double]
  /// Levels that values are put on, rising.
  public let levels: [Double]
  /// Whether bars are as high as the logarithm of their counts.
  public let isLogarithmic: Bool

  /// The most bins there are.
  public static let mostBins = 1000

  /// Makes a histogram of counts.
  public init(
    title: String, x: String, low: Double, high: Double, counts: [Int], edges: [Double] = [],
    levels: [Double] = [], isLogarithmic: Bool = false
  ) {
    let isValid = abs(low) <= 1e300 && abs(high) <= 1e300 && low < high && !counts.isEmpty
    self.title = title
    xLabel = x
    self.low = isValid ? low : 0
    self.high = isValid ? high : 1
    self.counts = isValid ? counts.prefix(Self.mostBins).map { max(0, min($0, 1 << 50)) } : [0]
    self.edges = edges.filter(\.isFinite).sorted()
    self.levels = levels.filter(\.isFinite).sorted()
    self.isLogarithmic = isLogarithmic
  }

  /// Counts finite values.
  ///
  /// - Parameter bins: How many, 1...``mostBins``.
  public init(
    title: String, x: String, of values: some Sequence<Float>, bins: Int = 120, edges: [Double] = [],
    levels: [Double] = [], isLogarithmic: Bool = false
  ) {
    let finite = values.filter(\.isFinite).map(Double.init)
    let (least, largest) = (finite.min() ?? 0, finite.max() ?? 1)
    // Values that are all the same stand in the middle.
    let margin = max(0.5, 1e-6 * abs(least))
    let (low, high) = least < largest ? (least, largest) : (least - margin, least + margin)
    let bins = min(max(1, bins), Self.mostBins)
    var counts = [Int](repeating: 0, count: bins)
    for value in finite { counts[min(bins - 1, Int(Double(bins) * (value - low) / (high - low)))] += 1 }
    self.init(
      title: title, x: x, low: low, high: high, counts: counts, edges: edges, levels: levels,
      isLogarithmic: isLogarithmic)
  }

  /// Height of a bar: the count, or log10(1 + count).
  private func height(_ count: Int) -> Double { isLogarithmic ? log10(1 + Double(count)) : Double(count) }

  private var yLabel: String { isLogarithmic ? "log10(1 + count)" : "count" }

  private func start(_ bin: Int) -> Double { low + (high - low) * Double(bin) / Double(counts.count) }

  /// The histogram as an `svg` element: bars, dashed edges, levels as strokes on the axis.
  public var svg: String {
    let frame = ChartFrame(
      xs: Axis([low, high], isLogarithmic: false), ys: Axis([0] + counts.map(height), isLogarithmic: false),
      xLabel: xLabel, yLabel: yLabel)
    var parts = frame.elements
    parts.append("<g class=\"s0\">")
    for (bin, count) in counts.enumerated() where count > 0 {
      let (left, right) = (frame.x(start(bin)), frame.x(start(bin + 1)))
      let top = frame.y(height(count))
      let tip = "\(range(bin)): \(count)"
      parts.append(
        "<path class=\"mark\" d=\"M\(SVG.number(left)) \(SVG.number(frame.y(0)))V\(SVG.number(top))H\(SVG.number(right))"
          + "V\(SVG.number(frame.y(0)))Z\">\(SVG.tip(tip))</path>")
    }
    parts.append("</g>")
    func inside(_ values: [Double]) -> [Double] {
      values.filter { $0 >= frame.xs.low && $0 <= frame.xs.high }
    }
    for edge in inside(edges) {
      let x = SVG.number(frame.x(edge))
      parts.append(
        "<path class=\"front\" d=\"M\(x) 16V332\">\(SVG.tip("edge \(Decimal.significant(edge, digits: 5))"))</path>"
      )
    }
    parts.append("<g class=\"s1\">")
    for level in inside(levels) {
      let x = SVG.number(frame.x(level))
      parts.append(
        "<path class=\"line\" d=\"M\(x) 322V342\">\(SVG.tip("level \(Decimal.significant(level, digits: 5))"))</path>"
      )
    }
    parts.append("</g>")
    return SVG.picture(title, "\(title): \(summary)", height: ChartFrame.height, parts)
  }

  private func range(_ bin: Int) -> String {
    "\(Decimal.significant(start(bin), digits: 4)) to \(Decimal.significant(start(bin + 1), digits: 4))"
  }

  /// `4,608 values, 13 levels, 5 edges`.
  var summary: String {
    let total = Decimal.grouped(Double(counts.reduce(0, +)))
    return
      (["\(total) values"] + (levels.isEmpty ? [] : ["\(levels.count) levels"])
      + (edges.isEmpty ? [] : ["\(edges.count) edges"])).joined(separator: ", ")
  }

  /// Bins with their counts.
  var rows: [[String]] { counts.indices.map { [range($0), "\(counts[$0])"] } }

  /// The histogram for a terminal: columns of eighths of blocks, edges and levels below.
  func text(width: Int) -> String {
    let columns = min(max(20, width - 2), 200)
    var sums = [Int](repeating: 0, count: columns)
    func column(_ value: Double) -> Int {
      min(columns - 1, max(0, Int(Double(columns) * (value - low) / (high - low))))
    }
    for (bin, count) in counts.enumerated() { sums[column((start(bin) + start(bin + 1)) / 2)] += count }
    let heights = sums.map(height)
    let top = max(heights.max() ?? 0, 1e-9)
    let lines = 10
    var result = [title]
    for line in (0..<lines).reversed() {
      let row = heights.map { height -> Character in
        TextBlocks.vertical(height / top * Double(lines) - Double(line))
      }
      result.append(" " + String(row).trimmingEnd)
    }
    func marks(_ values: [Double], _ mark: Character) -> String {
      var row = [Character](repeating: " ", count: columns)
      for value in values where value >= low && value <= high { row[column(value)] = mark }
      return " " + String(row).trimmingEnd
    }
    if !edges.isEmpty { result.append(marks(edges, "|")) }
    if !levels.isEmpty { result.append(marks(levels, "^")) }
    let (left, right) = (Decimal.significant(low, digits: 4), Decimal.significant(high, digits: 4))
    result.append(
      " " + left + String(repeating: " ", count: max(1, columns - left.count - right.count)) + right)
    let marked = [(edges.isEmpty, "| edges"), (levels.isEmpty, "^ levels")].filter { !$0.0 }.map(\.1)
    result.append(" " + ([xLabel, summary] + marked).joined(separator: ", "))
    return result.joined(separator: "\n") + "\n"
  }
}
