import CKernels
import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Ranges `1 - stride * i` times the full one, both ends together, scored by `Σ |x - Q(x)|^power`.
///
/// Source: Nahshan et al. 2019 (LAPQ); the AuGQ authors' code has power 2.4, 80 candidates, stride 0.01.
struct RangeSearch {
  let power: Float
  let candidates: Int
  let stride: Float

  func range(_ index: Int, of full: ValueRange) -> ValueRange {
    // In double, as Python evaluates the factor; the stride is a decimal fraction.
    full.scaled(Float(1 - Double(index) * (Double(stride) * 1e6).rounded() * 1e-6))
  }

  /// The error of each candidate on the grid that the specification makes of its range.
  ///
  /// Candidates that cannot win are given up: errors are sums of terms of at least 0, so one whose sum over a part of the
  /// values exceeds another's whole sum keeps that partial sum, which is larger than the least. The winner is exact.
  func scores(
    of values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ specification: GridSpecification,
    _ execution: Execution
  ) throws -> [Double] {
    let score =
      specification.isUniform
      ? uniformScore(values, full, specification) : try generalScore(values, full, specification)
    let shards = GroupLayout.shardCount(values.count)
    var totals = [Double](repeating: 0, count: candidates)
    /// Adds the errors of some candidates over some shards, in the order of the shards.
    func add(_ range: Range<Int>, _ chosen: [Int]) throws {
      guard !chosen.isEmpty, !range.isEmpty else { return }
      var partial = [Double](repeating: 0, count: range.count * chosen.count)
      try partial.withUnsafeMutableBufferPointer { partial in
        guard let rows = partial.baseAddress else { return }
        try execution.forEachShard(range.count) { index in
          let part = Execution.range(ofShard: range.lowerBound + index, of: shards, count: values.count)
          try score(part, chosen, rows + index * chosen.count)
        }
      }
      for index in partial.indices { totals[chosen[index % chosen.count]] += partial[index] }
    }
    let all = Array(0..<candidates)
    try add(0..<1, all)
    guard let favourite = all.min(by: { totals[$0] < totals[$1] }) else { return totals }
    try add(1..<shards, [favourite])
    for wave in Swift.stride(from: 1, to: shards, by: Self.wave) {
      let alive = all.filter { $0 != favourite && totals[$0] <= totals[favourite] }
      try add(wave..<min(wave + Self.wave, shards), alive)
    }
    return totals
  }

  /// Shards between two looks at who can still win; a constant, so that threads do not matter.
  private static let wave = 2

  /// Writes the errors of some candidates over a range of the values.
  private typealias Score = (Range<Int>, [Int], UnsafeMutablePointer<Double>) throws -> Void

  private func uniformScore(
    _ values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ specification: GridSpecification
  ) -> Score {
    let steps = specification.stepCount
    let table = (0..<candidates).map { index in
      let affine = GroupRegions.affine(
        range(index, of: full), steps: steps, isSymmetric: specification.isSymmetric)
      return aq_candidate(scale: affine.scale, zero_point: affine.zeroPoint)
    }
    return { part, chosen, scores in
      guard let x = values.baseAddress else { return }
      kernels.search_uniform(
        x + part.lowerBound, part.count, chosen.map { table[$0] }, chosen.count, Float(steps), power, scores)
    }
  }

  /// Any grid: the error of the values it gives; values that published mode leaves in FP32 count as exact.
  private func generalScore(
    _ values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ specification: GridSpecification
  ) throws -> Score {
    var plain = specification
    plain.group = .tensor
    plain.rounding = .nearest
    let grids = try (0..<candidates).map { try RegionGrid(plain, ranges: [range($0, of: full)]) }
    return { part, chosen, scores in
      let x = Tensor([1, part.count], values[part])
      for (slot, candidate) in chosen.enumerated() {
        let y = try grids[candidate].fakeQuantized(x)
        scores[slot] = y.withValues { y in
          guard let first = values.baseAddress, let second = y.baseAddress else { return 0 }
          return kernels.power_error(first + part.lowerBound, second, part.count, power)
        }
      }
    }
  }
}
