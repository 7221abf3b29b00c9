import CKernels
public import Tensors

extension RegionGrid {
  /// Returns the code of each value and, for block-chosen intervals, the interval of each block.
  ///
  /// - Throws: ``QuantizationError/publishedHasNoCodes``, or when the shape has other groups than the grid or a value is
  ///   NaN or infinite.
  public func quantize(_ x: Tensor, execution: Execution = Execution()) throws -> GridCodes {
    guard specification.mode == .clamp else { throw QuantizationError.publishedHasNoCodes }
    let layout = try layout(x.shape)
    try GridSpecification.checkFinite(x, execution: execution)
    if let block = specification.blockSize { return try quantizeBlocks(x, block, layout, execution) }
    var codes = [UInt8](repeating: 0, count: x.count)
    try codes.withUnsafeMutableBufferPointer { target in
      try x.withValues { source in
        try layout.forEachShard(execution) { _, range in
          layout.forEachRun(in: range) { group, run in
            guard let input = source.baseAddress, let output = target.baseAddress else { return }
            encode(group, input, output, run)
          }
        }
      }
    }
    return GridCodes(shape: x.shape, codes: codes, blockIntervals: [])
  }

  private func encode(
    _ group: Int, _ x: UnsafePointer<Float>, _ codes: UnsafeMutablePointer<UInt8>, _ run: Range<Int>
  ) {
    let (start, count) = (run.lowerBound, run.count)
    if case .stochastic(let seed) = specification.rounding {
      for i in run { codes[i] = stochasticCode(group, x[i], StochasticRounding.uniform(seed, i)) }
    } else if isUniform {
      let base = group * specification.intervals
      kernels.codes_uniform(x + start, codes + start, count, scales[base], zeroPoints[base], Float(steps))
    } else {
      withRegions(group) { kernels.codes_regions(x + start, codes + start, count, $0) }
    }
  }

  private func stochasticCode(_ group: Int, _ x: Float, _ draw: Float) -> UInt8 {
    let base = group * specification.intervals
    var k = 0
    if !isUniform {
      let first = group * (specification.intervals + 1)
      while k + 1 < specification.intervals && x >= edges[first + k + 1] { k += 1 }
    }
    let top = isUniform ? steps : specification.topCode
    let exact = x / scales[base + k]
    let down = exact.rounded(.down)
    let rounded = (exact - down > draw ? down + 1 : down) + zeroPoints[base + k]
    let q = UInt8(min(Float(top), max(0, rounded)))
    return isUniform ? q : q + UInt8(k * (top + 1))
  }

  /// Tries every interval on each block of a run and keeps the one with the least squared error, the widest on ties.
  private func quantizeBlocks(
    _ x: Tensor, _ block: Int, _ layout: GroupLayout, _ execution: Execution
  ) throws -> GridCodes {
    var codes = [UInt8](repeating: 0, count: x.count)
    var chosen = [[UInt8]](repeating: [], count: GroupLayout.shardCount(x.count))
    try codes.withUnsafeMutableBufferPointer { codes in
      try chosen.withUnsafeMutableBufferPointer { chosen in
        try x.withValues { source in
          try layout.forEachShard(execution) { shard, range in
            var intervals: [UInt8] = []
            layout.forEachRun(in: range) { group, run in
              for start in stride(from: run.lowerBound, to: run.upperBound, by: block) {
                let values = start..<min(start + block, run.upperBound)
                let k = bestInterval(source, values, group)
                let place = group * specification.intervals + k
                for i in values { codes[i] = UInt8(code(source[i], i, place)) }
                intervals.append(UInt8(k))
              }
            }
            chosen[shard] = intervals
          }
        }
      }
    }
    return GridCodes(shape: x.shape, codes: codes, blockIntervals: Array(chosen.joined()))
  }

  private func bestInterval(_ source: UnsafeBufferPointer<Float>, _ values: Range<Int>, _ group: Int) -> Int {
    var best = (index: 0, error: Double.infinity)
    for k in 0..<specification.intervals {
      let place = group * specification.intervals + k
      var error = 0.0
      for i in values {
        let difference = Double(source[i] - (code(source[i], i, place) - zeroPoints[place]) * scales[place])
        error += difference * difference
      }
      if error < best.error { best = (k, error) }
    }
    return best.index
  }

  private func code(_ x: Float, _ index: Int, _ place: Int) -> Float {
    let exact = x / scales[place]
    let rounded: Float
    if case .stochastic(let seed) = specification.rounding {
      let down = exact.rounded(.down)
      rounded = exact - down > StochasticRounding.uniform(seed, index) ? down + 1 : down
    } else {
      rounded = exact.rounded(.toNearestOrEven)
    }
    return min(Float(specification.topCode), max(0, rounded + zeroPoints[place]))
  }

  /// Returns the values of codes: `(q - zeroPoint) * scale`.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid.
  public func dequantize(_ codes: GridCodes) throws -> Tensor {
    guard specification.mode == .clamp else { throw QuantizationError.publishedHasNoCodes }
    let layout = try layout(codes.shape)
    var result = Tensor(uninitialized: codes.shape)
    result.withMutableValues { target in
      var blockIndex = 0
      layout.forEachRun(in: 0..<codes.codes.count) { group, run in
        let base = group * specification.intervals
        if let block = specification.blockSize {
          for start in stride(from: run.lowerBound, to: run.upperBound, by: block) {
            let place = base + Int(codes.blockIntervals[blockIndex])
            blockIndex += 1
            for i in start..<min(start + block, run.upperBound) {
              target[i] = (Float(codes.codes[i]) - zeroPoints[place]) * scales[place]
            }
          }
        } else if isUniform {
          for i in run { target[i] = (Float(codes.codes[i]) - zeroPoints[base]) * scales[base] }
        } else {
          let size = specification.topCode + 1
          for i in run {
            let (k, q) = Int(codes.codes[i]).quotientAndRemainder(dividingBy: size)
            target[i] = (Float(q) - zeroPoints[base + k]) * scales[base + k]
          }
        }
      }
    }
    return result
  }
}

/// Draws that depend on the seed and the value's index alone, so threads do not matter.
enum StochasticRounding {
  /// A number in `0 ..< 1`.
  ///
  /// Source: Steele et al. 2014, SplitMix64.
  static func uniform(_ seed: UInt64, _ index: Int) -> Float {
    var z = seed &+ (UInt64(bitPattern: Int64(index)) &+ 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Float((z ^ (z >> 31)) >> 40) * 0x1p-24
  }
}
