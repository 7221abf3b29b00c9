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
    try GridSpecification.checkFinite(x, execution: execution)
    var unquantized = [Int](repeating: 0, count: GroupLayout.shardCount(x.count))
    let result = try unquantized.withUnsafeMutableBufferPointer { counts in
      try mapped(x, layout, execution) { shard, group, offset, input, output, count in
        counts[shard] += apply(group, input, output, count)
      }
    }
    return (result, unquantized.reduce(0, +))
  }

  /// Writes the levels of one run; returns how many values stay FP32.
  private func apply(
    _ group: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) -> Int {
    if isUniform {
      let base = group * specification.intervals
      kernels.fake_uniform(x, y, count, scales[base], zeroPoints[base], Float(steps))
      return 0
    }
    return withRegions(group) { regions in
      if specification.mode == .published { return kernels.fake_published(x, y, count, regions) }
      kernels.fake_regions(x, y, count, regions)
      return 0
    }
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
