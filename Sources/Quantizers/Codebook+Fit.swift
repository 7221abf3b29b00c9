public import Tensors

/// How a codebook's levels follow from values.
public enum CodebookKind: Hashable, Sendable {
  /// These levels times the largest magnitude of the group (NF4, APoT and the like, normalised to 1).
  case scaled([Float])
  /// 0 and `± m 2^-j` with the largest magnitude m of the group; one sign only when all values have it.
  ///
  /// Source: Miyashita et al. 2016, section 3; Zhou et al. 2017 (INQ).
  case powerOfTwo
  /// Least mean squared error by Lloyd's iteration from quantiles, at most `iterations` times.
  ///
  /// Source: Lloyd 1982; Han et al. 2016 (Deep Compression, section 3).
  case kMeans(iterations: Int = 50)
}

extension Codebook {
  /// Makes the codebook of at most `2^bits` levels per group of a tensor.
  ///
  /// - Throws: ``QuantizationError`` when bits are outside 1...8 or the tensor is empty or not finite.
  public static func fit(
    _ kind: CodebookKind, bits: Int, group: GroupMap = .tensor, to x: Tensor
  ) throws -> Codebook {
    guard (1...8).contains(bits) else { throw QuantizationError.bits(bits) }
    if case .scaled(let levels) = kind, levels.count > 1 << bits {
      throw QuantizationError.incompatible(
        "\(levels.count) levels do not fit into \(bits) bits, which hold \(1 << bits); give fewer levels or more bits"
      )
    }
    return try fitting(x, group) { Codebook.levels(kind, 1 << bits, $0) }
  }

  /// Makes the codebook with the levels that `levels` gives for the values `[n]` of each group.
  ///
  /// - Throws: ``QuantizationError`` when the tensor is empty or not finite or a group has no valid levels; what `levels`
  ///   throws.
  public static func fit(
    to x: Tensor, group: GroupMap = .tensor, levels: (Tensor) throws -> [Float]
  ) throws -> Codebook {
    try fitting(x, group) { try levels(Tensor([$0.count], Array($0))) }
  }

  private static func fitting(
    _ x: Tensor, _ group: GroupMap, _ levels: (UnsafeBufferPointer<Float>) throws -> [Float]
  ) throws -> Codebook {
    try GridSpecification.checkValues(x)
    let layout = try GroupLayout(group, x.shape)
    let values = GroupValues(x, layout)
    let table = try (0..<layout.groupCount).map { try values.withGroup($0, levels) }
    return try Codebook(levels: table, group: group)
  }

  private static func levels(_ kind: CodebookKind, _ count: Int, _ values: UnsafeBufferPointer<Float>)
    -> [Float]
  {
    let range = GridSpecification.extremes(values)
    let magnitude = max(abs(range.low), abs(range.high))
    switch kind {
    case .scaled(let levels): return levels.map { $0 * magnitude }
    case .powerOfTwo:
      let isOneSided = range.low >= 0 || range.high <= 0
      let sign: Float = range.low >= 0 ? 1 : -1
      let exponents = 0..<(isOneSided ? count - 1 : max(1, count / 2 - 1))
      let powers = exponents.map { magnitude * Float(sign: .plus, exponent: -$0, significand: 1) }
      if isOneSided { return [0] + powers.map { sign * $0 } }
      // Two levels have no room for 0.
      return (count == 2 ? [] : [0]) + powers + powers.map { -$0 }
    case .kMeans(let iterations): return lloyd(values.sorted(), count, iterations)
    }
  }

  /// Lloyd's iteration on sorted values: cells by bisection, means by prefix sums.
  private static func lloyd(_ sorted: [Float], _ count: Int, _ iterations: Int) -> [Float] {
    var sums = [0.0]
    sums.reserveCapacity(sorted.count + 1)
    for value in sorted { sums.append(sums[sums.count - 1] + Double(value)) }
    var levels = (0..<count).map { sorted[min(sorted.count - 1, (2 * $0 + 1) * sorted.count / (2 * count))] }
    for _ in 0..<max(0, iterations) {
      var next = levels
      var start = 0
      for index in levels.indices {
        let end =
          index + 1 == levels.count
          ? sorted.count : firstIndex(in: sorted, above: levels[index] / 2 + levels[index + 1] / 2)
        if end > start { next[index] = Float((sums[end] - sums[start]) / Double(end - start)) }
        start = max(start, end)
      }
      if next == levels { break }
      levels = next
    }
    return levels
  }

  /// The index of the first value above `bound`.
  private static func firstIndex(in sorted: [Float], above bound: Float) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] > bound { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
