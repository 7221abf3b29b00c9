import Tensors

extension IntegerEngine {
  /// Returns the codes of real images on the input's grid.
  ///
  ///     code = clamp(round(x / scale) + zeroPoint, 0, levels - 1)        ties to even
  ///
  /// - Throws: ``InferenceError/notFinite(index:)``; ``ExecutionError/cancelled``.
  func inputCodes(of images: Tensor, execution: Execution) throws -> [UInt8] {
    let count = images.count
    let codes = AlignedBytes(count: count)
    let shards = Execution.shardCount(for: count, grain: 1 << 16)
    try images.withValues { (values: UnsafeBufferPointer<Float>) throws(any Error) in
      let source = UncheckedPointer(values.baseAddress)
      try execution.forEachShard(count == 0 ? 0 : shards) { shard in
        guard let start = source.pointer else { return }
        let range = Execution.range(ofShard: shard, of: shards, count: count)
        let target = codes.of(UInt8.self) + range.lowerBound
        if !quantize(start + range.lowerBound, range.count, to: target) {
          let wrong = range.first { !start[$0].isFinite }
          throw InferenceError.notFinite(index: wrong ?? range.lowerBound)
        }
      }
    }
    return Array(UnsafeBufferPointer(start: codes.of(UInt8.self), count: count))
  }

  /// Quantizes a run of values; false when one is not finite.
  private func quantize(_ x: UnsafePointer<Float>, _ count: Int, to codes: UnsafeMutablePointer<UInt8>)
    -> Bool
  {
    let scale = Float(inputGrid.scale)
    let offset = Int32(inputGrid.zeroPoint)
    let lowest = Float(-offset)
    let highest = Float(inputGrid.levels - 1) - Float(offset)
    // Adding 1.5 * 2^23 leaves no bits for fractions: the sum rounds ties to even. The addend is below 2^22.
    let shifter: Float = 12_582_912
    var isFinite = true
    for index in 0..<count {
      let value = x[index]
      isFinite = isFinite && value - value == 0
      let clamped = min(max(value / scale, lowest), highest)
      let rounded = (clamped + shifter) - shifter
      codes[index] = UInt8(
        truncatingIfNeeded: Int32(truncatingIfNeeded: Int(rounded.isNaN ? 0 : rounded)) + offset)
    }
    return isFinite
  }
}

private struct UncheckedPointer: @unchecked Sendable {
  let pointer: UnsafePointer<Float>?
  init(_ pointer: UnsafePointer<Float>?) { self.pointer = pointer }
}
