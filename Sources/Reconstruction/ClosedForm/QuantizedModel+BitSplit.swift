public import Layers
import CKernels
public import Quantizers
public import Tensors

extension QuantizedModel {
  /// Returns the model with every planned weight split into ternary bit planes and stitched for the least output error.
  ///
  /// Every output channel gets a symmetric grid of `2^bits - 1` levels with a scale of its own; the present grids only say
  /// how many bits a layer has. Layer after layer as in ``roundedClosedForm(calibration:options:execution:progress:)``.
  ///
  /// - Parameters:
  ///   - calibration: Images, read in batches.
  ///   - options: `sweeps` is ignored; planes are swept until nothing changes, at most 100 times.
  /// - Throws: ``QuantizationError`` naming a weight whose grid is not uniform per output channel with 2 to 8 bits, and as
  ///   ``roundedClosedForm(calibration:options:execution:progress:)``.
  /// Source: Wang et al. 2020 (bit-split and stitching).
  public func roundedByBitSplit(
    calibration: any CalibrationImages, options: ClosedFormOptions = ClosedFormOptions(),
    execution: Execution = Execution(),
    progress: ((Double) -> Void)? = nil
  ) throws -> QuantizedModel {
    try roundingLayers(calibration: calibration, options: options, execution: execution, progress: progress) {
      let rounding = try LayerRounding($0, options: options, execution: execution)
      return try rounding.bitSplit(BitSplit(bits: try QuantizedModel.bits($0.grid), passes: 100))
    }
  }

  private static func bits(_ grid: any QuantizationGrid) throws(QuantizationError) -> Int {
    guard let region = grid as? RegionGrid, region.isUniform, region.specification.intervals == 1,
      region.specification.group == .channel(axis: 0), region.specification.bits >= 2
    else {
      throw .incompatible(
        "bit-split makes symmetric uniform grids per output channel of 2 to 8 bits; quantize with a uniform grid, "
          + "group channel, or round with method closed")
    }
    return region.specification.bits
  }
}

extension LayerRounding {
  fileprivate func bitSplit(_ split: BitSplit) throws -> (weight: Tensor, grid: (any QuantizationGrid)?) {
    let layer = task.layer
    var scales = [Float](repeating: 0, count: layer.groups * layer.rows)
    let weight = try scales.withUnsafeMutableBufferPointer { scales in
      try eachGroup { problem, execution in
        let columns = layer.columns
        let hessian = problem.factor.damped(problem.squares, order: Array(0..<columns))
        let shards = Execution.shardCount(for: layer.rows, grain: 4)
        return try Tensor([layer.rows, columns]) { target in
          try execution.forEachShard(shards) { shard in
            for row in Execution.range(ofShard: shard, of: shards, count: layer.rows) {
              let values = problem.targets.withValues { Array($0[row * columns..<(row + 1) * columns]) }
              let (scale, codes) = hessian.withValues { values.isEmpty ? (1, []) : split.split(values, $0) }
              scales[problem.rows.lowerBound + row] = scale
              for column in 0..<columns { target[row * columns + column] = codes[column] * scale }
            }
          }
        }
      }
    }
    let forms = scales.map {
      UniformForm(scale: $0, zeroPoint: Int32(split.top), levelCount: 2 * split.top + 1)
    }
    return (weight, try RegionGrid(uniforms: forms, group: .channel(axis: 0)))
  }
}

extension BitSplit {
  fileprivate func split(_ row: [Float], _ hessian: UnsafeBufferPointer<Float>) -> (Float, [Float]) {
    guard let base = hessian.baseAddress else { preconditionFailure("a layer without inputs") }
    return split(row, hessian: base)
  }
}
