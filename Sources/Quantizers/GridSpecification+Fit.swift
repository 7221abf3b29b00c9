import CKernels
public import Tensors

extension GridSpecification {
  /// Finds the ranges of a tensor's groups and makes the grid.
  ///
  /// - Throws: ``QuantizationError`` when the specification is not valid, the tensor is empty or holds NaN or infinity.
  public func fit(to x: Tensor, execution: Execution = Execution()) throws -> RegionGrid {
    try validate()
    try GridSpecification.checkValues(x, execution: execution)
    let layout = try GroupLayout(group, x.shape)
    let gathered = GroupValues(x, layout)
    var ranges = [ValueRange](repeating: ValueRange(0, 0), count: layout.groupCount)
    let grain = max(1, 4096 / max(1, x.count / layout.groupCount))
    let shards = Execution.shardCount(for: layout.groupCount, grain: grain)
    try ranges.withUnsafeMutableBufferPointer { ranges in
      try execution.forEachShard(shards) { shard in
        for group in Execution.range(ofShard: shard, of: shards, count: layout.groupCount) {
          ranges[group] = try gathered.withGroup(group) { try range(of: $0, execution) }
        }
      }
    }
    return try RegionGrid(self, ranges: ranges)
  }

  /// Refuses a tensor to which no grid can be fitted.
  ///
  /// - Throws: ``QuantizationError/emptyCalibration(_:)`` or ``QuantizationError/notFinite(count:first:total:)``.
  public static func checkValues(_ x: Tensor, execution: Execution = Execution(threads: 1)) throws {
    guard x.count > 0 else { throw QuantizationError.emptyCalibration("a tensor of shape \(x.shape)") }
    try checkFinite(x, execution: execution)
  }

  /// Refuses NaN and infinity: kernels would put them on the lowest or highest level, and nobody would see them again.
  ///
  /// - Throws: ``QuantizationError/notFinite(count:first:total:)``.
  static func checkFinite(_ x: Tensor, execution: Execution = Execution(threads: 1)) throws {
    let shards = GroupLayout.shardCount(x.count)
    var counts = [Int](repeating: 0, count: shards)
    try counts.withUnsafeMutableBufferPointer { counts in
      try x.withValues { values in
        guard let pointer = values.baseAddress else { return }
        try execution.forEachShard(shards) { shard in
          let range = Execution.range(ofShard: shard, of: shards, count: values.count)
          var (low, high) = (Float(0), Float(0))
          counts[shard] = kernels.extremes(pointer + range.lowerBound, range.count, &low, &high)
        }
      }
    }
    let count = counts.reduce(0, +)
    guard count > 0 else { return }
    let first = x.withValues { $0.firstIndex { !$0.isFinite } } ?? 0
    throw QuantizationError.notFinite(count: count, first: first, total: x.count)
  }

  /// The range that the observer finds.
  ///
  /// - Parameter extremes: The least and the largest value, when they are known.
  func range(
    of values: UnsafeBufferPointer<Float>, extremes: ValueRange? = nil, _ execution: Execution
  ) throws -> ValueRange {
    let full = extremes ?? GridSpecification.extremes(values)
    switch observer {
    case .minMax: return full
    case .percentile(let share): return GridSpecification.percentile(values, share)
    case .meanSquaredError(let candidates, let stride):
      return try searched(
        values, full, RangeSearch(power: 2, candidates: candidates, stride: stride), execution)
    case .lpSearch(let power, let candidates, let stride):
      return try searched(
        values, full, RangeSearch(power: power, candidates: candidates, stride: stride), execution)
    }
  }

  static func extremes(_ values: UnsafeBufferPointer<Float>) -> ValueRange {
    var (low, high) = (Float.infinity, -Float.infinity)
    if let pointer = values.baseAddress { _ = kernels.extremes(pointer, values.count, &low, &high) }
    return ValueRange(low, high)
  }

  /// The range between the two order statistics that cut off `(1 - share) / 2` at either end.
  private static func percentile(_ values: UnsafeBufferPointer<Float>, _ share: Float) -> ValueRange {
    let sorted = values.sorted()
    let cut = Int((Double(sorted.count - 1) * Double(1 - share) / 2).rounded())
    return ValueRange(sorted[cut], sorted[sorted.count - 1 - cut])
  }

  private func searched(
    _ values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ search: RangeSearch, _ execution: Execution
  ) throws -> ValueRange {
    let scores = try search.scores(of: values, full, self, execution)
    var best = 0
    for index in scores.indices where scores[index] < scores[best] { best = index }
    return search.range(best, of: full)
  }
}
