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
  func scores(
    of values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ specification: GridSpecification,
    _ execution: Execution
  ) throws -> [Double] {
    specification.isUniform
      ? try uniformScores(values, full, specification, execution)
      : try generalScores(values, full, specification)
  }

  private func uniformScores(
    _ values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ specification: GridSpecification,
    _ execution: Execution
  ) throws -> [Double] {
    let steps = specification.stepCount
    let table = (0..<candidates).map { index in
      let affine = GroupRegions.affine(
        range(index, of: full), steps: steps, isSymmetric: specification.isSymmetric)
      return aq_candidate(scale: affine.scale, zero_point: affine.zeroPoint)
    }
    let shards = GroupLayout.shardCount(values.count)
    var partial = [Double](repeating: 0, count: shards * candidates)
    try partial.withUnsafeMutableBufferPointer { partial in
      try execution.forEachShard(shards) { shard in
        let range = Execution.range(ofShard: shard, of: shards, count: values.count)
        guard let x = values.baseAddress, let scores = partial.baseAddress else { return }
        kernels.search_uniform(
          x + range.lowerBound, range.count, table, candidates, Float(steps), power,
          scores + shard * candidates)
      }
    }
    return (0..<candidates).map { c in (0..<shards).reduce(0) { $0 + partial[$1 * candidates + c] } }
  }

  /// Any grid: the error of the values it gives; values that published mode leaves in FP32 count as exact.
  private func generalScores(
    _ values: UnsafeBufferPointer<Float>, _ full: ValueRange, _ specification: GridSpecification
  ) throws -> [Double] {
    var plain = specification
    plain.group = .tensor
    plain.rounding = .nearest
    let x = Tensor([1, values.count], values)
    return try (0..<candidates).map { index in
      let y = try RegionGrid(plain, ranges: [range(index, of: full)]).fakeQuantized(x)
      return y.withValues { y in
        guard let first = values.baseAddress, let second = y.baseAddress else { return 0 }
        return kernels.power_error(first, second, values.count, power)
      }
    }
  }
}
