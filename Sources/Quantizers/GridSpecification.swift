/// Where the inner edges of a grid's intervals lie.
public enum EdgePlacement: Hashable, Sendable {
  /// Intervals of one width; block-chosen ones shrink by 2.
  case equal
  /// The inner edges as rising fractions of the range, each inside 0...1.
  case fractions([Float])
  /// Sub-ranges that shrink by `ratio`: the ranges of block-chosen intervals, or edges `high / ratio^j` of a range from 0.
  case geometric(ratio: Float)
}

/// How the range of a grid is found.
public enum Observer: Hashable, Sendable {
  /// The smallest and the largest value.
  case minMax
  /// The range that holds `share` of the values, `0.5 < share <= 1`, as much cut off at either end.
  case percentile(share: Float)
  /// The range with least mean squared error among `candidates` ranges `1 - stride * i` times the full one.
  case meanSquaredError(candidates: Int = 80, stride: Float = 0.01)
  /// The range with least mean `|error|^power`, `1 <= power <= 4`; the AuGQ authors use 2.4.
  case lpSearch(power: Float = 2.4, candidates: Int = 80, stride: Float = 0.01)
}

/// How a value between two levels is rounded.
public enum Rounding: Hashable, Sendable {
  /// To the nearest level, half to even.
  case nearest
  /// Up with the probability of the remainder; the same numbers for the same seed.
  case stochastic(seed: UInt64)
}

/// What a region grid should look like; ``fit(to:execution:)`` makes one for a tensor.
public struct GridSpecification: Hashable, Sendable {
  /// Bits inside an interval, 1...8.
  public var bits: Int
  /// Intervals, 1...16; the AuGQ authors use 4.
  public var intervals: Int
  /// Which values share a range.
  public var group: GroupMap
  /// Where the intervals meet.
  public var edges: EdgePlacement
  /// Who picks an interval.
  public var choice: IntervalChoice
  /// What happens at and outside the edges.
  public var mode: QuantizationMode
  /// Whether the zero point is in the middle.
  public var isSymmetric: Bool
  /// How the range is found.
  public var observer: Observer
  /// How values are rounded.
  public var rounding: Rounding

  /// Makes a specification: uniform, one group, the whole range, unless told otherwise.
  public init(
    bits: Int, intervals: Int = 1, group: GroupMap = .tensor, edges: EdgePlacement = .equal,
    choice: IntervalChoice = .perValue, mode: QuantizationMode = .clamp, isSymmetric: Bool = false,
    observer: Observer = .minMax, rounding: Rounding = .nearest
  ) {
    self.bits = bits
    self.intervals = intervals
    self.group = group
    self.edges = edges
    self.choice = choice
    self.mode = mode
    self.isSymmetric = isSymmetric
    self.observer = observer
    self.rounding = rounding
  }

  /// Steps from the lowest to the highest level when intervals have equal widths: `K (2^b - 1)`.
  public var stepCount: Int { intervals * ((1 << bits) - 1) }

  /// Checks every field and their combinations.
  ///
  /// - Throws: ``QuantizationError`` with the figure and what to change.
  public func validate() throws(QuantizationError) {
    guard (1...8).contains(bits) else { throw .bits(bits) }
    guard (1...16).contains(intervals) else { throw .intervals(intervals) }
    if case .block(let size) = group, size < 1 { throw .blockSize(size) }
    if mode == .clamp { try validateLevels() }
    try validateEdges()
    if case .perBlock(let size) = choice {
      guard size >= 1 else { throw .blockSize(size) }
      if mode == .published {
        throw .incompatible("mode published has per-value intervals; leave block out or use mode clamp")
      }
      if case .channel(let axis) = group, axis != 0 {
        throw .incompatible(
          "blocks run along the reduction of output channels; group by axis 0 instead of axis \(axis)")
      }
    }
    if case .geometric = edges, mode == .published {
      throw .incompatible("mode published has equal edges or fractions; use edges equal or mode clamp")
    }
    if mode == .published && isSymmetric {
      throw .incompatible("mode published has no symmetric grids; leave symmetric out or use mode clamp")
    }
    if rounding != .nearest && mode == .published {
      throw .incompatible("mode published rounds to nearest; use rounding nearest or mode clamp")
    }
    try validateObserver()
  }

  private func validateLevels() throws(QuantizationError) {
    let levels: Int
    if case .perBlock = choice {
      levels = 1 << bits
    } else {
      levels = edges == .equal ? stepCount + 1 : intervals << bits
    }
    guard levels <= 256 else { throw .tooManyLevels(bits: bits, intervals: intervals, levels: levels) }
  }

  private func validateEdges() throws(QuantizationError) {
    switch edges {
    case .equal: break
    case .fractions(let inner):
      guard choice == .perValue else {
        throw .edges("fractions divide a range by value; for blocks give a ratio, edges geometric")
      }
      guard inner.count == intervals - 1 else {
        throw .edges(
          "\(intervals) intervals meet at \(intervals - 1) inner edges, not \(inner.count); give one fraction each"
        )
      }
      let all = [0] + inner + [1]
      for (low, high) in zip(all, all.dropFirst()) where !(low < high) {
        throw .edges("edge fractions must rise between 0 and 1, but \(low) is followed by \(high); sort them")
      }
    case .geometric(let ratio):
      guard ratio > 1 && ratio <= 16 else {
        throw .edges("the ratio of geometric edges is \(ratio); choose more than 1, up to 16")
      }
    }
  }

  private func validateObserver() throws(QuantizationError) {
    switch observer {
    case .minMax: break
    case .percentile(let share):
      guard share > 0.5 && share <= 1 else {
        throw .observer("the percentile share is \(share); choose more than 0.5, up to 1")
      }
    case .meanSquaredError(let candidates, let stride), .lpSearch(_, let candidates, let stride):
      guard (1...1000).contains(candidates), stride > 0, stride * Float(candidates - 1) < 1 else {
        throw .observer(
          "\(candidates) candidates with a stride of \(stride) shrink the range to nothing; keep candidates x stride below 1"
        )
      }
      if case .lpSearch(let power, _, _) = observer, !(power >= 1 && power <= 4) {
        throw .observer("the power of the search is \(power); choose 1 to 4")
      }
    }
  }
}
