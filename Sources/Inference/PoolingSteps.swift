import CKernels
import Tensors

/// Means of windows.
struct AveragePoolStep: IntegerStep {
  private let geometry: aq_conv_geometry
  private let multipliers: AlignedBytes?
  private let shifts: AlignedBytes?
  private let countsPadding: Int32
  private let zeroPoints: (input: Int32, output: Int32)
  private let highest: Int32
  private let headroom: Int32

  let scratchBytes: Int

  init(_ window: WindowGeometry, _ scale: AveragePoolScale, _ context: StepContext) throws(InferenceError) {
    geometry = try poolGeometry(window, context)
    highest = Int32(context.node.grid.levels - 1)
    switch scale {
    case .sameGrid(let origin):
      (multipliers, shifts, countsPadding, headroom) = (nil, nil, 0, 0)
      zeroPoints = (Int32(origin), Int32(origin))
    case .rescaled(let values, let countsPadding, let headroom):
      guard values.count == geometry.kernel_h * geometry.kernel_w else {
        throw context.shapeError(
          "\(geometry.kernel_h * geometry.kernel_w) multipliers expected, found \(values.count)")
      }
      // |sum| <= 255 * window, and a left shift multiplies it.
      let largest = values.reduce(0) { max($0, Int($1.shift)) }
      guard (0...16).contains(headroom),
        Double(255 * values.count) * Double(1 << (largest + headroom)) < 0x1p31
      else {
        throw .multiplier(node: context.node.name, value: values[0].value)
      }
      multipliers = AlignedBytes(values.map(\.multiplier))
      shifts = AlignedBytes(values.map(\.shift))
      self.countsPadding = countsPadding ? 1 : 0
      self.headroom = Int32(headroom)
      zeroPoints = (Int32(context.inputs[0].grid.zeroPoint), Int32(context.node.grid.zeroPoint))
    }
    scratchBytes = withUnsafePointer(to: geometry) { aq_conv_scratch($0) }
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    var to = aq_pool_scale(
      multiplier: multipliers.map { UnsafePointer($0.of(Int32.self)) },
      shift: shifts.map { UnsafePointer($0.of(Int32.self)) }, counts_padding: countsPadding,
      in_zero: zeroPoints.input, out_zero: zeroPoints.output, low: 0, high: highest, headroom: headroom)
    withUnsafePointer(to: geometry) {
      aq_average_pool_u8(
        $0, &to, memory.codes(places.inputs[0]), memory.start.advanced(by: places.scratch),
        memory.target(places.output))
    }
  }
}

/// Largest values of windows.
struct MaxPoolStep: IntegerStep {
  private let geometry: aq_conv_geometry

  init(_ window: WindowGeometry, _ context: StepContext) throws(InferenceError) {
    geometry = try poolGeometry(window, context)
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    withUnsafePointer(to: geometry) {
      aq_max_pool_u8($0, memory.codes(places.inputs[0]), memory.target(places.output))
    }
  }
}

/// The geometry of a pool; its output may be a vector when it covers the whole image.
private func poolGeometry(
  _ window: WindowGeometry, _ context: StepContext
) throws(InferenceError) -> aq_conv_geometry {
  guard context.inputs.count == 1 else { throw context.shapeError("a pool reads one input") }
  let image = try context.image(0)
  let shape = context.node.shape
  let output = shape.rank == 1 ? [1, 1, shape[0]] : shape.dimensions
  guard output.count == 3, output[2] == image.channels, window.kernel.count == 2, window.dilation == [1, 1]
  else {
    throw context.shapeError(
      "a window of \(window.kernel) on \(context.inputs[0].shape) does not give \(shape)")
  }
  return aq_conv_geometry(
    in_h: image.height, in_w: image.width, in_c: image.channels, out_h: output[0], out_w: output[1],
    out_c: output[2], kernel_h: window.kernel[0], kernel_w: window.kernel[1], stride_h: window.stride[0],
    stride_w: window.stride[1], dilation_h: 1, dilation_w: 1, pad_top: window.padding[0],
    pad_left: window.padding[1], groups: 1, zero_point: 0)
}
