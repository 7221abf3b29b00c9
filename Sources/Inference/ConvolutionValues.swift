import CKernels
import Packing

/// A convolution's constants, unpacked, corrected for zero points and checked for overflow.
struct ConvolutionValues {
  /// Length of the reduction.
  let depth: Int
  /// Weights without their zero point, -255...255, `[O, depth]`.
  let weights: [Int16]
  /// Bias minus (input zero point) x (sum of weights), modulo 2^32: kernels sum codes as they are.
  let bias: [Int32]

  init(
    _ layer: IntegerConvolution, _ context: StepContext, _ g: aq_conv_geometry
  ) throws(InferenceError) {
    let depth = g.kernel_h * g.kernel_w * (g.in_c / g.groups)
    self.depth = depth
    let channels = g.out_c
    guard layer.weights.count == channels * depth, layer.zeroPoints.count == channels,
      layer.bias.count == channels, layer.multipliers.count == channels,
      layer.zeroPoints.allSatisfy({ (0...255).contains($0) }), (0...16).contains(layer.headroom)
    else {
      throw context.shapeError(
        "\(channels) channels of \(depth) weights expected; found \(layer.weights.count) weights, "
          + "\(layer.zeroPoints.count) zero points, \(layer.bias.count) biases, \(layer.multipliers.count) multipliers"
      )
    }
    let codes = layer.weights.unpacked()
    var weights = [Int16](repeating: 0, count: codes.count)
    var bias = layer.bias
    let grid = context.inputs[0].grid
    for channel in 0..<channels {
      var sum = 0
      var magnitude = 0
      for index in (channel * depth)..<((channel + 1) * depth) {
        let weight = Int(codes[index]) - Int(layer.zeroPoints[channel])
        weights[index] = Int16(weight)
        sum += weight
        magnitude += abs(weight)
      }
      bias[channel] = Int32(
        truncatingIfNeeded: Int(layer.bias[channel]) - (grid.zeroPoint * sum) << layer.headroom)
      // |bias + Σ (x - zeroPoint) * w| <= |bias| + reach * Σ |w|, and left shifts multiply it.
      let products = Double(magnitude) * Double(grid.reach) * Double(1 << layer.headroom)
      let bound = products + Double(layer.bias[channel].magnitude)
      let shift = max(0, Int(layer.multipliers[channel].shift))
      guard bound < 0x1p31 else { throw .accumulatorOverflow(node: context.node.name, bound: bound) }
      guard bound * Double(1 << shift) < 0x1p31 else {
        throw .multiplier(node: context.node.name, value: layer.multipliers[channel].value)
      }
    }
    self.weights = weights
    self.bias = bias
  }

  /// The weights as kernels store them, in 8 bits: `true = stored - residual[o]`.
  ///
  /// A channel whose weights fit 8 bits has residual 0 (AuGQ's 13 and 61 levels always do). Otherwise the codes are
  /// stored with 128 taken off, and the rest of the zero point is corrected with the sum of each patch.
  func storedWeights(zeroPoints: [Int32]) -> (weights: [Int8], residual: [Int32]?) {
    var stored = [Int8](repeating: 0, count: weights.count)
    var residual = [Int32](repeating: 0, count: zeroPoints.count)
    for channel in zeroPoints.indices {
      let range = (channel * depth)..<((channel + 1) * depth)
      let fits = weights[range].allSatisfy { $0 >= -128 && $0 <= 127 }
      residual[channel] = fits ? 0 : zeroPoints[channel] - 128
      for index in range { stored[index] = Int8(Int32(weights[index]) + residual[channel]) }
    }
    return (stored, residual.contains { $0 != 0 } ? residual : nil)
  }
}
