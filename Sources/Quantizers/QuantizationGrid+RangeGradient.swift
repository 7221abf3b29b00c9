import CKernels
public import Tensors

/// What ``QuantizationGrid/rangeAdjoint(_:at:output:execution:)`` returns.
public struct RangeGradient: Sendable {
  /// Gradient with respect to the values, straight-through within the levels.
  public let input: Tensor
  /// For each group, the gradient with respect to the logarithm of its range factor.
  public let logFactors: [Double]
}

extension RegionGrid {
  /// The adjoint of `y = r Q(x / r)` with respect to x and log r, this grid being the one scaled by r.
  ///
  ///     dL/dx = g inside the levels, else 0;   dL/dlog r = sum of g (y - x) inside, g y outside
  ///
  /// A value with y = x counts as not quantized: its gradient passes and moves no range. Published mode passes everything.
  /// Source: Esser et al. 2020 (LSQ), eq. 3, with all steps of a group moving together.
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid.
  public func rangeAdjoint(
    _ gradient: Tensor, at x: Tensor, output y: Tensor, execution: Execution
  ) throws -> RangeGradient {
    try learnedAdjoint(gradient, x, y, layout(x.shape), execution)
  }
}

extension Codebook {
  /// The adjoint of `y = r Q(x / r)` with respect to x and log r, this codebook being the one scaled by r.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook.
  public func rangeAdjoint(
    _ gradient: Tensor, at x: Tensor, output y: Tensor, execution: Execution
  ) throws -> RangeGradient {
    try learnedAdjoint(gradient, x, y, layout(x.shape), execution)
  }
}

extension QuantizationGrid {
  fileprivate func learnedAdjoint(
    _ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ layout: GroupLayout, _ execution: Execution
  ) throws -> RangeGradient {
    precondition(gradient.count == x.count && y.count == x.count)
    let bounds = (0..<groupCount).map(bounds(group:))
    // One row of sums per shard, added up in their order.
    var sums = [Double](repeating: 0, count: GroupLayout.shardCount(x.count) * groupCount)
    let input = try sums.withUnsafeMutableBufferPointer { sums in
      try gradient.withValues { g in
        try y.withValues { y in
          try mapped(x, layout, execution) { shard, group, offset, x, dx, count in
            guard let g = g.baseAddress, let y = y.baseAddress else { return }
            sums[shard * groupCount + group] += aq_learned_range_adjoint(
              count, g + offset, x, y + offset, bounds[group].low, bounds[group].high, dx)
          }
        }
      }
    }
    var total = [Double](repeating: 0, count: groupCount)
    for (place, sum) in sums.enumerated() { total[place % groupCount] += sum }
    return RangeGradient(input: input, logFactors: total)
  }
}
