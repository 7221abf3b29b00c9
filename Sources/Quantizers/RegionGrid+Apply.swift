import CKernels
public import Tensors

/// The kernels of this machine; a constant table of functions without state.
nonisolated(unsafe) let kernels: aq_quantize_variant = aq_quantize_best().pointee

extension RegionGrid {
  /// Returns each value's nearest level.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid or a value is NaN or infinite.
  public func fakeQuantized(_ x: Tensor, execution: Execution = Execution()) throws -> Tensor {
    try countingUnquantized(x, execution: execution).result
  }

  /// Returns each value's nearest level and how many values published mode left in FP32.
  public func countingUnquantized(
    _ x: Tensor, execution: Execution = Execution()
  ) throws -> (result: Tensor, unquantized: Int) {
    if case .stochastic = specification.rounding {
      return (try dequantize(quantize(x, execution: execution)), 0)
    }
    if specification.blockSize != nil { return (try dequantize(quantize(x, execution: execution)), 0) }
    let layout = try layout(x.shape)
    var tallies = [Tally](repeating: Tally(), count: GroupLayout.shardCount(x.count))
    let result = try tallies.withUnsafeMutableBufferPointer { tallies in
      try mapped(x, layout, execution) { shard, group, offset, input, output, count in
        apply(group, input, output, count, &tallies[shard])
      }
    }
    if tallies.contains(where: \.sawNonFinite) {
      try GridSpecification.checkFinite(x, execution: execution)
    }
    return (result, tallies.reduce(0) { $0 + $1.unquantized })
  }

  /// What the kernels report of one shard.
  private struct Tally {
    var unquantized = 0
    var sawNonFinite = false
  }

  /// Writes the levels of one run.
  private func apply(
    _ group: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int,
    _ tally: inout Tally
  ) {
    let isFinite: Int32
    var left = 0
    if isUniform {
      let base = group * specification.intervals
      isFinite = kernels.fake_uniform(x, y, count, scales[base], zeroPoints[base], Float(steps))
    } else if specification.mode == .published {
      isFinite = withRegions(group) { kernels.fake_published(x, y, count, $0, &left) }
    } else {
      isFinite = withRegions(group) { kernels.fake_regions(x, y, count, $0) }
    }
    tally.unquantized += left
    tally.sawNonFinite = tally.sawNonFinite || isFinite == 0
  }

  /// Calls `body` with a group in the kernels' form.
  func withRegions<R>(_ group: Int, _ body: (UnsafePointer<aq_regions>) -> R) -> R {
    let intervals = specification.intervals
    return edges.withUnsafeBufferPointer { edges in
      scales.withUnsafeBufferPointer { scales in
        zeroPoints.withUnsafeBufferPointer { zeroPoints in
          guard let edge = edges.baseAddress, let scale = scales.baseAddress,
            let zero = zeroPoints.baseAddress
          else { preconditionFailure("a grid without groups") }
          var regions = aq_regions(
            edges: edge + group * (intervals + 1), scales: scale + group * intervals,
            zero_points: zero + group * intervals, intervals: intervals, top: Float(specification.topCode))
          return body(&regions)
        }
      }
    }
  }

  /// Returns the straight-through gradient: 0 where `x` is beyond the levels, everything in published mode.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid.
  public func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution = Execution()) throws -> Tensor {
    // Published mode leaves values outside as they are, so their gradient passes too.
    if specification.mode == .published { return gradient }
    let layout = try layout(x.shape)
    let bounds = (0..<groupCount).map(bounds(group:))
    return try clippedGradient(gradient, at: x, bounds, layout, execution)
  }

  /// The lowest and the highest level of a group.
  public func bounds(group: Int) -> ValueRange {
    let intervals = specification.intervals
    let first = group * intervals
    if isUniform {
      return ValueRange(
        -zeroPoints[first] * scales[first], (Float(steps) - zeroPoints[first]) * scales[first])
    }
    let top = Float(specification.topCode)
    if specification.blockSize != nil {
      return ValueRange(-zeroPoints[first] * scales[first], (top - zeroPoints[first]) * scales[first])
    }
    let last = first + intervals - 1
    return ValueRange(-zeroPoints[first] * scales[first], (top - zeroPoints[last]) * scales[last])
  }
}

/// Straight-through gradients with the clip mask of each group.
func clippedGradient(
  _ gradient: Tensor, at x: Tensor, _ bounds: [ValueRange], _ layout: GroupLayout, _ execution: Execution
) throws -> Tensor {
  precondition(gradient.count == x.count, "gradient \(gradient.shape) of a tensor \(x.shape)")
  return try gradient.withValues { incoming in
    try mapped(x, layout, execution) { _, group, offset, input, output, count in
      guard let g = incoming.baseAddress else { return }
      kernels.clip_gradient(g + offset, input, output, count, bounds[group].low, bounds[group].high)
    }
  }
}

/// Calls `body` with input and output of every run of a group, in shards: (shard, group, offset, input, output, count).
func mapped(
  _ x: Tensor, _ layout: GroupLayout, _ execution: Execution,
  _ body: (Int, Int, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) throws -> Void
) throws -> Tensor {
  try Tensor(x.shape) { target in
    try x.withValues { source in
      guard let input = source.baseAddress, let output = target.baseAddress else { return }
      try layout.forEachShard(execution) { shard, range in
        try layout.forEachRun(in: range) { group, run in
          let offset = run.lowerBound
          try body(shard, group, offset, input + offset, output + offset, run.count)
        }
      }
    }
  }
}
