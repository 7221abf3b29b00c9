import COneDNN
public import Tensors

/// Largest value under a moving window, per channel; padding never wins.
public struct MaxPool: Layer {
  /// The name in model files.
  public static let kind = "max_pool"
  /// How the window moves; dilation is 1.
  public let window: Window
  /// Makes the layer.
  public init(window: Window) { self.window = window }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// kernel, stride, padding.
  public var attributes: [(name: String, value: LayerAttribute)] {
    window.attributes.filter { $0.name != "dilation" }
  }

  /// `[oH, oW, C]`.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try window.pooledShape(inputs) }

  /// Takes the maxima and keeps where they were.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    try Pool(window: window, kind: AQ_POOL_MAX).forward(inputs[0], pass)
  }

  /// Gives each gradient to the value that was largest.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    try Pool(window: window, kind: AQ_POOL_MAX).backward(gradient, inputs[0], saved, pass)
  }
}

/// Mean under a moving window, per channel.
public struct AveragePool: Layer {
  /// The name in model files.
  public static let kind = "average_pool"
  /// How the window moves; dilation is 1.
  public let window: Window
  /// Whether zeros of the padding count as values of the mean.
  public let countsPadding: Bool
  /// Makes the layer.
  public init(window: Window, countsPadding: Bool = true) {
    self.window = window
    self.countsPadding = countsPadding
  }
  /// Whether windows of one value only choose among the input's values, as the shortcuts of CIFAR ResNets do.
  public var isSelection: Bool { window.kernel == [1, 1] && window.padding == [0, 0, 0, 0] }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// kernel, stride, padding, count_padding.
  public var attributes: [(name: String, value: LayerAttribute)] {
    window.attributes.filter { $0.name != "dilation" } + [("count_padding", .boolean(countsPadding))]
  }

  private var pool: Pool {
    Pool(window: window, kind: countsPadding ? AQ_POOL_AVERAGE_INCLUDE_PADDING : AQ_POOL_AVERAGE)
  }

  /// `[oH, oW, C]`.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try window.pooledShape(inputs) }

  /// Takes the means.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    try pool.forward(inputs[0], pass)
  }

  /// Spreads each gradient evenly over its window.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    try pool.backward(gradient, inputs[0], saved, pass)
  }
}

/// Mean over all positions of an image: `[H, W, C]` to `[1, 1, C]`.
public struct GlobalAveragePool: Layer {
  /// The name in model files.
  public static let kind = "global_average_pool"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  private func pool(_ image: Shape) -> Pool {
    Pool(window: Window(kernel: [image[0], image[1]]), kind: AQ_POOL_AVERAGE)
  }

  /// `[1, 1, C]`.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    [1, 1, try imageShape(inputs)[2]]
  }

  /// Takes the means.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    try pool(inputs[0].shape.droppingFirst).forward(inputs[0], pass)
  }

  /// Spreads each gradient evenly over the image.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    try pool(inputs[0].shape.droppingFirst).backward(gradient, inputs[0], saved, pass)
  }
}

extension Window {
  func pooledShape(_ inputs: [Shape]) throws(LayerError) -> Shape {
    let image = try imageShape(inputs)
    let extents = try outputExtents(height: image[0], width: image[1])
    for side in 0..<2 where max(padding[side], padding[side + 2]) >= kernel[side] {
      throw .invalid(
        "padding \(padding) puts a window of \(kernel[0])x\(kernel[1]) wholly on padding. Pad less.")
    }
    return [extents.height, extents.width, image[2]]
  }
}

/// Pooling on oneDNN, shared by the three layers.
private struct Pool {
  let window: Window
  let kind: aq_pool_kind

  private func shape(_ x: Tensor) throws -> (aq_conv_shape, Shape) {
    let image = x.shape.droppingFirst
    let output = try window.pooledShape([image])
    return (window.shape(input: image, output: output, groups: 1), output)
  }

  /// Workspace of one shard, in FP32 words.
  private func workspaceWords(_ shape: aq_conv_shape, images: Int) throws -> Int {
    var shape = shape
    shape.batch = Int32(images)
    var bytes = 0
    try checkOneDNN(aq_pool_workspace_bytes(&shape, kind, &bytes), "pooling \(window.attributes)")
    return (bytes + 63) / 64 * 16
  }

  private func rowWords(_ x: Tensor, _ shape: aq_conv_shape) throws -> Int {
    let shards = Execution.shardCount(for: x.shape[0], grain: imagesPerShard)
    return try workspaceWords(shape, images: (x.shape[0] + shards - 1) / shards)
  }

  func forward(_ x: Tensor, _ pass: LayerPass) throws -> LayerOutput {
    let (shape, output) = try shape(x)
    let words = try rowWords(x, shape)
    let shards = Execution.shardCount(for: x.shape[0], grain: imagesPerShard)
    var workspace = Tensor(uninitialized: [shards, words])
    var result = Tensor(uninitialized: output.batched(x.shape[0]))
    let outputStride = output.count
    try result.withMutableValues { (y: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let y = y.baseAddress else { return }
      let target = SharedPointer(y)
      try workspace.withMutableValues { (w: UnsafeMutableBufferPointer<Float>) throws(any Error) in
        guard let w = w.baseAddress else { return }
        let saved = SharedPointer(w)
        try x.forEachImageShard(pass.execution) { index, images, x in
          var shard = shape
          shard.batch = Int32(images.count)
          let y = target.base + images.lowerBound * outputStride
          try checkOneDNN(aq_pool_forward(&shard, kind, x, y, saved.base + index * words), "pooling")
        }
      }
    }
    return LayerOutput(result, saved: [workspace])
  }

  func backward(_ dy: Tensor, _ x: Tensor, _ saved: LayerOutput, _ pass: LayerPass) throws -> LayerGradients {
    let (shape, _) = try shape(x)
    let words = try rowWords(x, shape)
    var result = Tensor(uninitialized: x.shape)
    let inputStride = x.shape.droppingFirst.count
    try result.withMutableValues { (dx: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let dx = dx.baseAddress else { return }
      let target = SharedPointer(dx)
      try dy.forEachImageShard(pass.execution) { index, images, dy in
        var shard = shape
        shard.batch = Int32(images.count)
        let status = saved.saved[0].withValues { workspace in
          aq_pool_backward(
            &shard, kind, dy, workspace.baseAddress.map { $0 + index * words },
            target.base + images.lowerBound * inputStride)
        }
        try checkOneDNN(status, "the adjoint of pooling")
      }
    }
    return LayerGradients(inputs: [result])
  }
}
