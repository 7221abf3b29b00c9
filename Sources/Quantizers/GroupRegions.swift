#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The smallest and the largest value that a group's levels should reach.
public struct ValueRange: Hashable, Sendable {
  /// The lower end.
  public var low: Float
  /// The upper end.
  public var high: Float

  /// Makes a range.
  public init(_ low: Float, _ high: Float) {
    self.low = low
    self.high = high
  }

  /// The range widened to have 0 in it, or in its middle.
  func includingZero(isSymmetric: Bool) -> ValueRange {
    let (low, high) = (min(low, 0), max(high, 0))
    let reach = max(-low, high)
    return isSymmetric ? ValueRange(-reach, reach) : ValueRange(low, high)
  }

  /// The range with both ends multiplied by `factor`.
  func scaled(_ factor: Float) -> ValueRange { ValueRange(low * factor, high * factor) }
}

/// Edges, scales and zero points of one group.
struct GroupRegions {
  var edges: [Float]
  var scales: [Float]
  var zeroPoints: [Float]

  init(_ specification: GridSpecification, _ range: ValueRange) throws(QuantizationError) {
    if specification.mode == .published {
      self.init(published: specification, range)
    } else if specification.isUniform {
      self.init(uniform: specification, range)
    } else if specification.blockSize != nil {
      self.init(blocks: specification, range)
    } else {
      try self.init(unequal: specification, range)
    }
  }

  /// Scale and zero point of the uniform grid of `steps` steps that reaches over `range` and has 0 as a level.
  static func affine(_ range: ValueRange, steps: Int, isSymmetric: Bool) -> (scale: Float, zeroPoint: Float) {
    let low = min(range.low, 0)
    let high = max(range.high, 0)
    let count = Float(steps)
    if isSymmetric {
      let middle = (count / 2).rounded(.up)
      let scale = max(-low, high) / max(1, count - middle)
      return (scale >= smallestScale ? scale : smallestScale, middle)
    }
    // Divided first: the difference of two large floats could overflow.
    let scale = high - low < .infinity ? (high - low) / count : high / count - low / count
    guard scale >= smallestScale else { return (smallestScale, 0) }
    return (scale, min(count, max(0, (-low / scale).rounded(.toNearestOrEven))))
  }

  /// Scales of ranges that are as good as empty.
  static let smallestScale: Float = 1e-8

  private init(uniform specification: GridSpecification, _ range: ValueRange) {
    let (scale, zeroPoint) = GroupRegions.affine(
      range, steps: specification.stepCount, isSymmetric: specification.isSymmetric)
    let top = Float(specification.topCode)
    edges = (0...specification.intervals).map { (Float($0) * top - zeroPoint) * scale }
    scales = Array(repeating: scale, count: specification.intervals)
    zeroPoints = (0..<specification.intervals).map { zeroPoint - Float($0) * top }
  }

  /// As the authors' code computes in float32: edges by repeated addition, a scale for each interval.
  private init(published specification: GridSpecification, _ range: ValueRange) {
    let count = specification.intervals
    let step = (range.high - range.low) / Float(count)
    edges = [range.low]
    for _ in 1..<count { edges.append(edges[edges.count - 1] + step) }
    edges.append(range.high)
    if case .fractions(let inner) = specification.edges {
      for (k, fraction) in inner.enumerated() {
        edges[k + 1] = range.low + fraction * (range.high - range.low)
      }
    }
    let top = Float(specification.topCode)
    scales = zip(edges, edges.dropFirst()).map { ($1 - $0) / top }
    zeroPoints = zip(edges, scales).map { (-$0 / $1).rounded(.toNearestOrEven) }
  }

  /// Ranges that shrink by a ratio and share a zero point.
  private init(blocks specification: GridSpecification, _ range: ValueRange) {
    let top = specification.topCode
    let (scale, zeroPoint) = GroupRegions.affine(range, steps: top, isSymmetric: specification.isSymmetric)
    let ratio: Float = if case .geometric(let ratio) = specification.edges { ratio } else { 2 }
    scales = (0..<specification.intervals).map { scale / powf(ratio, Float($0)) }
    zeroPoints = Array(repeating: zeroPoint, count: specification.intervals)
    edges = Array(repeating: (Float(top) - zeroPoint) * scale, count: specification.intervals + 1)
    edges[0] = -zeroPoint * scale
  }

  private init(unequal specification: GridSpecification, _ range: ValueRange) throws(QuantizationError) {
    let whole = range.includingZero(isSymmetric: specification.isSymmetric)
    let low = whole.low
    let high = max(whole.high, low + GroupRegions.smallestScale * 4096)
    let wanted = GroupRegions.placed(specification, low, high)
    let top = Float(specification.topCode)
    (edges, scales, zeroPoints) = ([wanted[0]], [], [])
    var start = wanted[0]
    for (k, end) in wanted.dropFirst().enumerated() {
      let scale = max((end - start) / top, GroupRegions.smallestScale)
      // From the second interval on, up: a level below the end of the interval before would be rounded into that one.
      let zeroPoint = (-start / scale).rounded(.toNearestOrEven)
      let below = -zeroPoint * scale < start - 1e-4 * scale
      scales.append(scale)
      zeroPoints.append(k > 0 && below ? zeroPoint - 1 : zeroPoint)
      let bottom = -zeroPoints[k] * scale
      // Intervals meet half-way between their levels, so that every level is its own nearest one.
      edges[k] = k == 0 ? bottom : start / 2 + bottom / 2
      start = (top - zeroPoints[k]) * scale
      edges.append(start)
    }
  }

  /// The edges of unequal intervals: fractions, or geometric on one side or on both sides of 0.
  private static func placed(_ specification: GridSpecification, _ low: Float, _ high: Float) -> [Float] {
    let count = specification.intervals
    guard case .geometric(let ratio) = specification.edges else {
      guard case .fractions(let inner) = specification.edges else { return [low, high] }
      return [low] + inner.map { low + $0 * (high - low) } + [high]
    }
    if low == 0 { return [0] + (0..<count).reversed().map { high / powf(ratio, Float($0)) } }
    if high == 0 { return (0..<count).map { low / powf(ratio, Float($0)) } + [0] }
    let below = count / 2
    return (0..<below).map { low / powf(ratio, Float($0)) } + [0]
      + (0..<count - below).reversed().map { high / powf(ratio, Float($0)) }
  }
}
