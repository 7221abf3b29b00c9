import CKernels
import Packing

/// Convolution, depthwise convolution and linear layer.
struct ConvolutionStep: IntegerStep {
  private enum Weights: Sendable {
    case panels(AlignedBytes, bound: Int32, residual: AlignedBytes?)
    case depthwise(AlignedBytes, narrow: AlignedBytes?)
  }

  private let geometry: aq_conv_geometry
  private let weights: Weights
  private let bias: AlignedBytes
  private let multipliers: AlignedBytes
  private let shifts: AlignedBytes
  private let layer:
    (rounding: RequantizationRounding, range: CodeRange, isWide: Bool, zeroPoint: Int32, headroom: Int32)

  let scratchBytes: Int

  init(_ layer: IntegerConvolution, _ context: StepContext) throws(InferenceError) {
    geometry = try context.geometry(layer.window, groups: layer.groups)
    let values = try ConvolutionValues(layer, context, geometry)
    let isDepthwise = layer.groups == geometry.in_c && geometry.out_c == geometry.in_c && !layer.isWide
    weights =
      isDepthwise && layer.groups > 1
      ? Self.packDepthwise(values, geometry) : Self.packPanels(values, layer, geometry)
    bias = AlignedBytes(values.bias)
    multipliers = AlignedBytes(layer.multipliers.map(\.multiplier))
    shifts = AlignedBytes(layer.multipliers.map(\.shift))
    self.layer = (
      layer.rounding, layer.range, layer.isWide, Int32(context.node.grid.zeroPoint), Int32(layer.headroom)
    )
    scratchBytes = withUnsafePointer(to: geometry) { aq_conv_scratch($0) }
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    var to = aq_requantization(
      bias: bias.of(Int32.self), multiplier: multipliers.of(Int32.self), shift: shifts.of(Int32.self),
      zero_point: layer.zeroPoint, low: Int32(layer.range.low), high: Int32(layer.range.high),
      rounding: layer.rounding == .double ? AQ_ROUND_DOUBLE : AQ_ROUND_SINGLE, headroom: layer.headroom)
    let input = memory.codes(places.inputs[0])
    let output = memory.target(places.output)
    let scratch = memory.start.advanced(by: places.scratch)
    withUnsafePointer(to: geometry) { geometry in
      switch weights {
      case .depthwise(let wide, let narrow):
        var weights = aq_depthwise_weights(
          wide: wide.of(Int16.self), narrow: narrow.map { UnsafePointer($0.of(Int8.self)) })
        aq_depthwise_u8(memory.variant, geometry, &weights, &to, input, scratch, output)
      case .panels(let panels, let bound, let residual):
        var weights = aq_conv_weights(
          panels: panels.of(Int8.self), weight_bound: bound,
          residual: residual.map { UnsafePointer($0.of(Int32.self)) })
        if layer.isWide {
          aq_conv_u8(memory.variant, geometry, &weights, nil, input, scratch, output)
          finishWide(output)
        } else {
          aq_conv_u8(memory.variant, geometry, &weights, &to, input, scratch, output)
        }
      }
    }
  }

  /// Turns the sums in `output` into logits on the common scale, in place.
  private func finishWide(_ output: UnsafeMutablePointer<UInt8>) {
    let positions = geometry.out_h * geometry.out_w
    let count = positions * geometry.out_c
    let channels = geometry.out_c
    let (bias, multipliers, shifts) = (bias.of(Int32.self), multipliers.of(Int32.self), shifts.of(Int32.self))
    output.withMemoryRebound(to: Int32.self, capacity: count) { sums in
      for index in 0..<count {
        let channel = index % channels
        let scale = FixedPointMultiplier(multiplier: multipliers[channel], shift: shifts[channel])
        sums[index] = scale.product((sums[index] << layer.headroom) &+ bias[channel], layer.rounding)
      }
    }
  }

  private static func packDepthwise(_ values: ConvolutionValues, _ g: aq_conv_geometry) -> Weights {
    let taps = g.kernel_h * g.kernel_w
    let wide = AlignedBytes(count: (g.in_c + 15) / 16 * ((taps + 1) / 2) * 64)
    aq_depthwise_pack(values.weights, g.in_c, taps, wide.of(Int16.self))
    guard values.weights.allSatisfy({ $0 >= -128 && $0 <= 127 }) else { return .depthwise(wide, narrow: nil) }
    let narrow = AlignedBytes(count: (g.in_c + 63) / 64 * ((taps + 3) / 4) * 256)
    aq_depthwise_pack_narrow(values.weights, g.in_c, taps, narrow.of(Int8.self))
    return .depthwise(wide, narrow: narrow)
  }

  private static func packPanels(
    _ values: ConvolutionValues, _ layer: IntegerConvolution, _ g: aq_conv_geometry
  ) -> Weights {
    let stored = values.storedWeights(zeroPoints: layer.zeroPoints)
    let depth = values.depth
    let channels = g.out_c / g.groups
    let groupBytes = (channels + 15) / 16 * ((depth + 3) / 4) * 64
    let panels = AlignedBytes(count: groupBytes * g.groups)
    stored.weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      for group in 0..<g.groups {
        aq_gemm_pack(
          start + group * channels * depth, channels, depth, panels.of(Int8.self) + group * groupBytes)
      }
    }
    let bound = stored.weights.reduce(0) { max($0, abs(Int32($1))) }
    return .panels(panels, bound: bound, residual: stored.residual.map(AlignedBytes.init))
  }
}
