import CKernels
import COneDNN
public import Tensors

/// Two-dimensional convolution, plain, grouped or depthwise.
///
///     y[n, i, j, o] = bias[o] + sum over (a, b, c) of x[n, s i + d a - p, s j + d b - p, c] weight[o, a, b, c]
///
/// Weight `[O, kH, kW, I / groups]`, bias `[O]`; output channel o reads the inputs of its group only.
public struct Conv2d: Layer {
  /// The name in model files.
  public static let kind = "conv2d"
  /// Channels of the input.
  public let inChannels: Int
  /// Channels of the output.
  public let filters: Int
  /// How the kernel moves.
  public let window: Window
  /// Groups of channels that do not see each other; `groups == inChannels` is depthwise.
  public let groups: Int
  /// Whether a bias is added.
  public let hasBias: Bool

  /// Makes a convolution.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` when the groups do not divide the channels, or for more than
  ///   ``Graph/valueLimit`` weights.
  public init(inChannels: Int, filters: Int, window: Window, groups: Int = 1, hasBias: Bool = true)
    throws(LayerError)
  {
    guard groups >= 1, filters >= 1, inChannels % groups == 0, filters % groups == 0 else {
      throw .invalid(
        "\(groups) groups divide neither or only one of \(inChannels) input channels and \(filters) filters. "
          + "Both counts must be multiples of groups.")
    }
    let weights = Shape([filters] + window.kernel.map { max(1, $0) } + [inChannels / groups])
    guard let count = weights.checkedCount, count <= Graph.valueLimit else {
      throw .invalid(
        "weights of \(weights) are more than \(Graph.valueLimit) values. Take fewer filters or a smaller kernel."
      )
    }
    self.inChannels = inChannels
    self.filters = filters
    self.window = window
    self.groups = groups
    self.hasBias = hasBias
  }

  private var fanIn: Int { window.kernel[0] * window.kernel[1] * inChannels / groups }
  private var fanOut: Int { window.kernel[0] * window.kernel[1] * filters / groups }

  /// `weight` (He normal over the fan-out) and, with a bias, `bias` (uniform over the fan-in).
  public var parameters: [ParameterSpecification] {
    let shape: Shape = [filters, window.kernel[0], window.kernel[1], inChannels / groups]
    let weight = ParameterSpecification("weight", shape, .heNormal(fan: fanOut))
    return hasBias ? [weight, ParameterSpecification("bias", [filters], .uniform(fan: fanIn))] : [weight]
  }

  /// filters, kernel, stride, padding, dilation, groups, bias.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("filters", .integer(filters))] + window.attributes
      + [("groups", .integer(groups)), ("bias", .boolean(hasBias))]
  }

  /// `[oH, oW, filters]`.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let input = try imageShape(inputs)
    guard input[2] == inChannels else {
      throw .invalid("the weights are for \(inChannels) channels, but the input \(input) has \(input[2])")
    }
    let extents = try window.outputExtents(height: input[0], width: input[1])
    return [extents.height, extents.width, filters]
  }

  private func conv(_ input: Tensor) throws -> (shape: aq_conv_shape, output: Shape) {
    let image = input.shape.droppingFirst
    let output = try outputShape(for: [image])
    return (window.shape(input: image, output: output, groups: groups), output)
  }

  /// The same by fewer multiplications, for training passes that it suits.
  private func winograd(_ input: Tensor, _ output: Shape, _ pass: LayerPass) -> WinogradConvolution? {
    guard pass.mode == .training else { return nil }
    return WinogradConvolution(
      window, groups: groups, images: input.shape[0], input: input.shape.droppingFirst, output: output)
  }

  /// Convolves, one shard of images per thread.
  ///
  /// Training passes compute 3x3 kernels of stride 1 with Winograd's algorithm where it suits: a quarter of the
  /// multiplications, and rounding errors near 2^-18 of the largest output.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    let (shape, output) = try conv(inputs[0])
    if let winograd = winograd(inputs[0], output, pass) {
      let bias = parameters.count > 1 ? parameters[1] : nil
      return LayerOutput(
        try winograd.forward(inputs[0], weight: parameters[0], bias: bias, pass.execution))
    }
    let packed = try packed(parameters[0], shape, AQ_CONV_FORWARD)
    var result = Tensor(uninitialized: output.batched(inputs[0].shape[0]))
    try inputs[0].forEachImageShard(writing: &result, pass.execution) { images, x, y in
      var shard = shape
      shard.batch = Int32(images)
      let status = packed.withValues { weights in
        parameters.count > 1
          ? parameters[1].withValues { aq_conv_forward(&shard, x, weights.baseAddress, $0.baseAddress, y) }
          : aq_conv_forward(&shard, x, weights.baseAddress, nil, y)
      }
      try checkOneDNN(status, "a convolution of \(inputs[0].shape)")
    }
    return LayerOutput(result)
  }

  /// Convolves with the transposed kernel for the input; correlates input and gradient for the weights.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let dy = gradient
    let (shape, output) = try conv(inputs[0])
    let winograd = winograd(inputs[0], output, pass)
    var dx: Tensor?
    if pass.needsInputGradients {
      dx =
        try winograd?.inputGradient(dy, weight: parameters[0], pass.execution)
        ?? directInputGradient(dy, inputs[0], parameters[0], shape, pass.execution)
    }
    guard pass.needsParameterGradients else { return LayerGradients(inputs: [dx]) }
    let withBias = hasBias && pass.needsBiasGradients
    if let winograd {
      let sums = try sumOverShards(inputs[0], dy, count: parameters[0].count, pass.execution) {
        try winograd.weightGradient(images: $0, $1, $2, $3)
      }
      let weight = sums.withValues { Tensor(parameters[0].shape, $0.prefix(parameters[0].count)) }
      return LayerGradients(
        inputs: [dx],
        parameters: [weight] + (withBias ? [dy.columnSums()] : []))
    }
    return LayerGradients(
      inputs: [dx], parameters: try directParameterGradients(dy, inputs[0], shape, withBias, pass.execution))
  }

  private func directInputGradient(
    _ dy: Tensor, _ x: Tensor, _ weight: Tensor, _ shape: aq_conv_shape, _ execution: Execution
  ) throws -> Tensor {
    let packed = try packed(weight, shape, AQ_CONV_BACKWARD_DATA)
    var result = Tensor(uninitialized: x.shape)
    try dy.forEachImageShard(writing: &result, execution) { images, dy, dx in
      var shard = shape
      shard.batch = Int32(images)
      let status = packed.withValues { aq_conv_backward_data(&shard, dy, $0.baseAddress, dx) }
      try checkOneDNN(status, "the input gradient of a convolution of \(x.shape)")
    }
    return result
  }

  /// Sums the shards' packed weight gradients, then unpacks once.
  private func directParameterGradients(
    _ dy: Tensor, _ x: Tensor, _ shape: aq_conv_shape, _ withBias: Bool, _ execution: Execution
  ) throws -> [Tensor?] {
    var bytes = 0
    var single = shape
    single.batch = 1
    try checkOneDNN(aq_conv_packed_bytes(&single, AQ_CONV_BACKWARD_WEIGHTS, &bytes), "a weight gradient")
    let packedCount = (bytes + 63) / 64 * 16
    // Packed weight gradient, then bias gradient padded to whole cache lines.
    let sums = try sumOverShards(x, dy, count: packedCount + (filters + 15) / 16 * 16, execution) {
      images, x, dy, row in
      var shard = shape
      shard.batch = Int32(images)
      let status = aq_conv_backward_weights(&shard, x, dy, row, withBias ? row + packedCount : nil)
      try checkOneDNN(status, "the weight gradient of a convolution")
    }
    var weight = Tensor(uninitialized: [filters, window.kernel[0], window.kernel[1], inChannels / groups])
    let status = sums.withValues { sums in
      weight.withMutableValues { aq_conv_unpack(&single, sums.baseAddress, $0.baseAddress) }
    }
    try checkOneDNN(status, "the layout of a weight gradient")
    guard withBias else { return [weight] }
    return [
      weight, Tensor([filters], sums.withValues { Array($0[packedCount..<(packedCount + filters)]) }),
    ]
  }

  /// Has `body` fill a row of `count` values for every shard of images and adds them, in their order, to the first of the
  /// rows that it returns.
  private func sumOverShards(
    _ x: Tensor, _ dy: Tensor, count: Int, _ execution: Execution,
    _ body: (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) throws -> Void
  ) throws -> Tensor {
    let shards = Execution.shardCount(for: x.shape[0], grain: imagesPerShard)
    var rows = Tensor(uninitialized: [shards, count])
    try rows.withMutableValues { (values: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let base = values.baseAddress else { return }
      let memory = SharedPointer(base)
      try x.forEachImageShard(pairedWith: dy, execution) { index, images, x, dy in
        try body(images, x, dy, memory.base + index * count)
      }
      for shard in 1..<max(1, shards) { aq_add(count, base, base + shard * count, base) }
    }
    return rows
  }

  private func packed(_ weight: Tensor, _ shape: aq_conv_shape, _ direction: aq_conv_direction) throws
    -> Tensor
  {
    var shape = shape
    shape.batch = 1
    var bytes = 0
    try checkOneDNN(aq_conv_packed_bytes(&shape, direction, &bytes), "a convolution with \(attributes)")
    var packed = Tensor(uninitialized: [(bytes + 63) / 64 * 16])
    let status = weight.withValues { plain in
      packed.withMutableValues { aq_conv_pack(&shape, direction, plain.baseAddress, $0.baseAddress) }
    }
    try checkOneDNN(status, "a weight layout")
    return packed
  }
}

extension Tensor {
  /// Calls `body` with the number of images, this tensor's and the result's memory of every shard of images.
  func forEachImageShard(
    writing result: inout Tensor, _ execution: Execution,
    _ body: (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    let outputStride = result.shape.droppingFirst.count
    try result.withMutableValues { (target: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let base = target.baseAddress else { return }
      let memory = SharedPointer(base)
      try forEachImageShard(execution) { _, images, x in
        try body(images.count, x, memory.base + images.lowerBound * outputStride)
      }
    }
  }

  /// Calls `body` with shard number, number of images, this tensor's and another's memory of every shard.
  func forEachImageShard(
    pairedWith other: Tensor, _ execution: Execution,
    _ body: (Int, Int, UnsafePointer<Float>, UnsafePointer<Float>) throws -> Void
  ) throws {
    let stride = other.shape.droppingFirst.count
    try forEachImageShard(execution) { shard, images, x in
      try other.withValues { (values: UnsafeBufferPointer<Float>) throws(any Error) in
        guard let base = values.baseAddress else { return }
        try body(shard, images.count, x, base + images.lowerBound * stride)
      }
    }
  }

  /// Calls `body` with shard number, images and memory of every shard of images.
  func forEachImageShard(
    _ execution: Execution, _ body: (Int, Range<Int>, UnsafePointer<Float>) throws -> Void
  ) throws {
    let stride = shape.droppingFirst.count
    let shards = Execution.shardCount(for: shape[0], grain: imagesPerShard)
    try withValues { (values: UnsafeBufferPointer<Float>) throws(any Error) in
      guard let base = values.baseAddress, shape[0] > 0 else { return }
      let memory = SharedPointer(UnsafeMutablePointer(mutating: base))
      try execution.forEachShard(shards) { shard in
        let images = Execution.range(ofShard: shard, of: shards, count: shape[0])
        if !images.isEmpty { try body(shard, images, memory.base + images.lowerBound * stride) }
      }
    }
  }
}
