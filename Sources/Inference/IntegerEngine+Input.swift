import Tensors

extension IntegerEngine {
  /// Returns the codes of real images on the input's grid.
  ///
  ///     code = clamp(round(x / scale) + zeroPoint, 0, levels - 1)        ties to even
  ///
  /// - Throws: ``InferenceError/notFinite(index:)``.
  func inputCodes(of images: Tensor) throws(InferenceError) -> [UInt8] {
    let grid = inputGrid
    let scale = Float(grid.scale)
    let offset = Float(grid.zeroPoint)
    let highest = Float(grid.levels - 1)
    var notFinite: Int?
    let codes = images.withValues { values in
      [UInt8](unsafeUninitializedCapacity: values.count) { codes, initialized in
        for index in 0..<values.count {
          let x = values[index]
          if !x.isFinite { notFinite = notFinite ?? index }
          let code = (x / scale).rounded(.toNearestOrEven) + offset
          codes[index] = UInt8(max(0, min(highest, code.isNaN ? 0 : code)))
        }
        initialized = values.count
      }
    }
    if let notFinite { throw .notFinite(index: notFinite) }
    return codes
  }
}
