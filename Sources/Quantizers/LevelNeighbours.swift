public import Tensors

/// The levels between which each value of a tensor lies; equal where rounding has no choice.
///
/// A value beyond the levels has the nearest one twice, and so has one that published mode leaves in FP32 (the value itself).
public struct LevelNeighbours: Sendable {
  /// The highest level not above each value.
  public internal(set) var lower: Tensor
  /// The lowest level above it.
  public internal(set) var upper: Tensor

  init(_ shape: Shape) {
    lower = Tensor(uninitialized: shape)
    upper = Tensor(uninitialized: shape)
  }

  /// Fills both sides run by run: `body` gets a group, a run and the memory of values, lower and upper levels.
  fileprivate mutating func fill(
    _ x: Tensor, _ layout: GroupLayout,
    _ body: (
      Int, Range<Int>, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>,
      UnsafeMutableBufferPointer<Float>
    ) -> Void
  ) {
    x.withValues { x in
      lower.withMutableValues { lower in
        upper.withMutableValues { upper in
          layout.forEachRun(in: 0..<x.count) { body($0, $1, x, lower, upper) }
        }
      }
    }
  }
}

extension RegionGrid {
  /// Returns, for each value, the two levels between which rounding chooses; blocks keep the interval of least error.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid or a value is NaN or infinite.
  public func neighbours(of x: Tensor) throws -> LevelNeighbours {
    let layout = try layout(x.shape)
    try GridSpecification.checkFinite(x)
    if let block = specification.blockSize { return try blockNeighbours(of: x, block, layout) }
    if specification.mode == .published { return publishedNeighbours(of: x, layout) }
    if !isUniform { return tableNeighbours(x, layout, (0..<groupCount).map(reachableLevels)) }
    var result = LevelNeighbours(x.shape)
    result.fill(x, layout) { group, run, x, lower, upper in
      let place = group * specification.intervals
      for i in run { (lower[i], upper[i]) = affineNeighbours(x[i], place, top: Float(steps)) }
    }
    return result
  }

  /// The levels around `x` among `(q - zeroPoint) * scale`, `0 <= q <= top`.
  private func affineNeighbours(_ x: Float, _ place: Int, top: Float) -> (Float, Float) {
    let down = (x / scales[place]).rounded(.down) + zeroPoints[place]
    let (low, high) = (min(top, max(0, down)), min(top, max(0, down + 1)))
    return ((low - zeroPoints[place]) * scales[place], (high - zeroPoints[place]) * scales[place])
  }

  private func blockNeighbours(of x: Tensor, _ block: Int, _ layout: GroupLayout) throws -> LevelNeighbours {
    let intervals = try quantize(x).blockIntervals
    var result = LevelNeighbours(x.shape)
    var index = 0
    result.fill(x, layout) { group, run, x, lower, upper in
      for start in stride(from: run.lowerBound, to: run.upperBound, by: block) {
        let place = group * specification.intervals + Int(intervals[index])
        index += 1
        for i in start..<min(start + block, run.upperBound) {
          (lower[i], upper[i]) = affineNeighbours(x[i], place, top: Float(specification.topCode))
        }
      }
    }
    return result
  }

  /// As the authors' rounding quantizer: within the value's interval; values on an edge or outside stay as they are.
  private func publishedNeighbours(of x: Tensor, _ layout: GroupLayout) -> LevelNeighbours {
    let count = specification.intervals
    var result = LevelNeighbours(x.shape)
    result.fill(x, layout) { group, run, x, lower, upper in
      let edges = self.edges[group * (count + 1)..<(group + 1) * (count + 1)]
      for i in run {
        let k = zip(edges, edges.dropFirst()).enumerated().first { $1.0 < x[i] && x[i] < $1.1 }?.offset
        (lower[i], upper[i]) =
          k.map { affineNeighbours(x[i], group * count + $0, top: Float(specification.topCode)) } ?? (
            x[i], x[i]
          )
      }
    }
    return result
  }
}

extension Codebook {
  /// Returns, for each value, the two levels between which rounding chooses.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook or a value is NaN or infinite.
  public func neighbours(of x: Tensor) throws -> LevelNeighbours {
    let layout = try layout(x.shape)
    try GridSpecification.checkFinite(x)
    return tableNeighbours(x, layout, table)
  }
}

extension QuantizationGrid {
  /// Neighbours among sorted levels, by bisection.
  fileprivate func tableNeighbours(_ x: Tensor, _ layout: GroupLayout, _ levels: [[Float]]) -> LevelNeighbours
  {
    var result = LevelNeighbours(x.shape)
    result.fill(x, layout) { group, run, x, lower, upper in
      let levels = levels[group]
      for i in run {
        var (low, high) = (0, levels.count)
        while low < high {
          let middle = (low + high) / 2
          if levels[middle] > x[i] { high = middle } else { low = middle + 1 }
        }
        lower[i] = levels[max(0, low - 1)]
        upper[i] = levels[min(levels.count - 1, low)]
      }
    }
    return result
  }
}
