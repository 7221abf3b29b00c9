#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The range of an axis and the values that are named.
struct Axis {
  let ticks: [(value: Double, label: String)]
  let low, high: Double
  private let isLogarithmic: Bool

  /// Makes the axis of values.
  ///
  /// - Parameter isLogarithmic: Whether places are by the logarithm; all values are above 0 then.
  init(_ given: [Double], isLogarithmic: Bool) {
    self.isLogarithmic = isLogarithmic
    let finite = given.filter { !$0.isNaN }.map(Axis.bounded)
    let values = isLogarithmic ? finite.map { log2($0) } : finite
    let smallest = values.min() ?? 0
    let largest = values.max() ?? 1
    let magnitude = max(abs(largest), abs(smallest))
    // Values that differ by less than doubles can show stand on one place.
    let extent =
      largest - smallest > max(1e-12 * magnitude, 1e-290) ? largest - smallest : max(1, abs(largest))
    if isLogarithmic {
      low = smallest - 0.05 * extent
      high = largest + 0.05 * extent
      let count = max(1, Int((largest - smallest).rounded()))
      let stride = max(1, count / 8)
      let exponents = (Int(smallest.rounded(.down))...Int(largest.rounded(.up))).filter { exponent in
        exponent % stride == 0 && Double(exponent) >= smallest - 0.05 * extent
          && Double(exponent) <= largest + 0.05 * extent
      }
      ticks = exponents.map { exponent in
        let value = exp2(Double(exponent))
        return (value, Axis.label(value, step: 1))
      }
      return
    }
    let step = Axis.step(extent / 5)
    // Numbers that are never below 0 have no axis below 0.
    let least = smallest >= 0 ? max(0, smallest - 0.02 * extent) : smallest - 0.02 * extent
    low = (least / step).rounded(.down) * step
    high = ((largest + 0.02 * extent) / step).rounded(.up) * step
    let first = Int((low / step).rounded())
    ticks = (first...max(first, Int((high / step).rounded()))).map { index in
      (Double(index) * step, Axis.label(Double(index) * step, step: step))
    }
  }

  /// Where a value lies, 0...1.
  func share(_ value: Double) -> Double {
    let place = isLogarithmic ? log2(Axis.bounded(value)) : Axis.bounded(value)
    return min(1.1, max(-0.1, (place - low) / (high - low)))
  }

  /// Numbers whose differences are finite; NaN stays.
  static func bounded(_ value: Double) -> Double { value.isNaN ? value : min(1e300, max(-1e300, value)) }

  /// 1, 2 or 5 times a power of ten, at least `least`.
  private static func step(_ least: Double) -> Double {
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * 0.999 } ?? 10 * power
  }

  private static func label(_ value: Double, step: Double) -> String {
    // Sums of steps are a little off: 0 is 0.
    guard step >= 1e-6, abs(value) < 1e6 else {
      return abs(value) < step * 1e-6 ? "0" : Decimal.significant(value, digits: 4)
    }
    return Decimal.fixed(value, decimals: max(0, Int(-log10(step).rounded(.down))))
  }
}

/// The place of a chart with two axes: 640 x 380 units.
struct ChartFrame {
  let xs, ys: Axis
  let xLabel, yLabel: String
  static let (width, height) = (640.0, 380.0)
  static let (left, right, top, bottom) = (64.0, 16.0, 16.0, 48.0)

  /// The horizontal place of a value.
  func x(_ value: Double) -> Double { Self.left + xs.share(value) * (Self.width - Self.left - Self.right) }

  /// The vertical place of a value.
  func y(_ value: Double) -> Double {
    Self.height - Self.bottom - ys.share(value) * (Self.height - Self.top - Self.bottom)
  }

  /// Grid lines, axes and their names.
  var elements: [String] {
    var parts: [String] = []
    for tick in xs.ticks {
      let place = SVG.number(x(tick.value))
      parts.append("<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"16\" y2=\"332\"/>")
      parts.append("<text x=\"\(place)\" y=\"348\" text-anchor=\"middle\">\(tick.label)</text>")
    }
    for tick in ys.ticks {
      let place = SVG.number(y(tick.value))
      parts.append("<line class=\"grid\" x1=\"64\" x2=\"624\" y1=\"\(place)\" y2=\"\(place)\"/>")
      parts.append(
        "<text x=\"58\" y=\"\(place)\" text-anchor=\"end\" dominant-baseline=\"middle\">\(tick.label)</text>")
    }
    parts.append("<path class=\"axis\" fill=\"none\" d=\"M64 16V332H624\"/>")
    parts.append("<text x=\"344\" y=\"372\" text-anchor=\"middle\">\(xLabel.escapedForHTML)</text>")
    parts.append(
      "<text x=\"14\" y=\"174\" text-anchor=\"middle\" transform=\"rotate(-90 14 174)\">\(yLabel.escapedForHTML)</text>"
    )
    return parts
  }
}

/// Pieces of SVG that follow the page's colours and need no script; the same content gives the same bytes.
enum SVG {
  /// A length with at most two decimals.
  static func number(_ value: Double) -> String { Decimal.fixed(value, decimals: 2) }

  /// A tooltip.
  static func tip(_ text: String) -> String { text.isEmpty ? "" : "<title>\(text.escapedForHTML)</title>" }

  /// A picture with a title and a description for those who cannot see it.
  static func picture(_ title: String, _ description: String, height: Double, _ parts: [String]) -> String {
    """
    <svg class="chart" viewBox="0 0 640 \(number(height).replacingSuffix(".00"))" role="img" xmlns="http://www.w3.org/2000/svg">\
    <title>\(title.escapedForHTML)</title><desc>\(description.escapedForHTML)</desc>
    \(parts.joined(separator: "\n"))
    </svg>
    """
  }
}

extension String {
  fileprivate func replacingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
