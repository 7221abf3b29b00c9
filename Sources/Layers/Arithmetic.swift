import CKernels
public import Tensors

/// Sum of two values of one shape: `y = a + b`.
public struct Add: ReLUFusing {
  /// The name in model files.
  public static let kind = "add"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The common shape of both inputs.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try commonShape(inputs) }

  /// Adds.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(
      try inputs[0].merged(with: inputs[1], pass.execution) {
        switch pass.epilogue {
        case .identity: aq_add($0, $1, $2, $3)
        case .relu: aq_add_relu($0, $1, $2, $3)
        }
      })
  }

  /// Gives the gradient to both inputs.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let shared =
      switch pass.epilogue {
      case .identity: gradient
      case .relu:
        try gradient.combined(with: saved.output, pass.execution) { aq_relu_backward($0, $2, $1, $3) }
      }
    return LayerGradients(inputs: [shared, shared])
  }
}

/// Product of two values of one shape, or of an image and one factor per channel.
///
///     y = a b                          shapes equal
///     y[h, w, c] = a[h, w, c] b[c]     b is [1, 1, C] or [C] (squeeze and excitation)
public struct Multiply: Layer {
  /// The name in model files.
  public static let kind = "mul"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The shape of the first input.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    if inputs.count == 2, inputs[1].isFactor(of: inputs[0]) { return inputs[0] }
    return try commonShape(inputs)
  }

  /// Multiplies.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    guard inputs[0].shape == inputs[1].shape else {
      return LayerOutput(try inputs[0].scaled(byChannel: inputs[1], pass.execution))
    }
    return LayerOutput(
      try inputs[0].merged(with: inputs[1], pass.execution) { aq_multiply($0, $1, $2, $3) })
  }

  /// Gives each input the gradient times the other, summed over the positions for a factor per channel.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let shared = gradient
    guard inputs[0].shape == inputs[1].shape else {
      let factors = try shared.channelProducts(with: inputs[0], pass.execution).reshaped(inputs[1].shape)
      return LayerGradients(inputs: [try shared.scaled(byChannel: inputs[1], pass.execution), factors])
    }
    let products = try inputs.map { input in
      try shared.merged(with: input, pass.execution) { aq_multiply($0, $1, $2, $3) }
    }
    return LayerGradients(inputs: [products[1], products[0]])
  }
}

extension Shape {
  /// Whether a value of this shape has one factor for each channel of an image: `[1, 1, C]` or `[C]`, another shape than
  /// the image's.
  public func isFactor(of image: Shape) -> Bool {
    image.rank == 3 && self != image && (self == [image[2]] || self == [1, 1, image[2]])
  }
}

extension Tensor {
  /// Returns `kernel(n, self, other, result)` in new memory, over shards.
  func merged(
    with other: Tensor, _ execution: Execution,
    _ kernel: (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    var result = Tensor(uninitialized: shape)
    try result.fill(execution) { target, range in
      withValues { a in
        other.withValues { b in
          guard let a = a.baseAddress, let b = b.baseAddress else { return }
          kernel(range.count, a + range.lowerBound, b + range.lowerBound, target)
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// Returns `self[n, h, w, c] * factors[n, c]`.
  fileprivate func scaled(byChannel factors: Tensor, _ execution: Execution) throws -> Tensor {
    let (channels, image) = (shape[-1], shape.droppingFirst.count)
    let zeros = [Float](repeating: 0, count: channels)
    var result = Tensor(uninitialized: shape)
    try result.withMutableValues { (target: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let base = target.baseAddress else { return }
      let memory = SharedPointer(base)
      try forEachImageShard(pairedWith: factors, execution) { shard, images, x, scale in
        let first = Execution.range(
          ofShard: shard, of: Execution.shardCount(for: shape[0], grain: imagesPerShard), count: shape[0]
        ).lowerBound
        zeros.withUnsafeBufferPointer { zeros in
          for index in 0..<images {
            var map = aq_channel_map(
              pivot: zeros.baseAddress, scale: scale + index * channels, shift: zeros.baseAddress)
            let y = memory.base + (first + index) * image
            aq_channel_affine(image / channels, channels, x + index * image, &map, y)
          }
        }
      }
    }
    return result
  }

  /// Returns `[N, C]`: for each image and channel the sum over the positions of `self * other`, in double.
  fileprivate func channelProducts(with other: Tensor, _ execution: Execution) throws -> Tensor {
    let (channels, image) = (shape[-1], shape.droppingFirst.count)
    let pivot = [Float](repeating: 0, count: channels)
    var result = Tensor(zeros: [shape[0], channels])
    try result.fillRows(channels, execution) { target, rows in
      var sums = [Double](repeating: 0, count: channels)
      for (row, index) in rows.enumerated() {
        var products = [Double](repeating: 0, count: channels)
        withValues { a in
          other.withValues { b in
            guard let a = a.baseAddress, let b = b.baseAddress else { return }
            aq_channel_gradient_sums(
              image / channels, channels, a + index * image, b + index * image, pivot, &sums, &products)
          }
        }
        for c in 0..<channels { target[row * channels + c] = Float(products[c]) }
      }
    }
    return result
  }
}

private func commonShape(_ inputs: [Shape]) throws(LayerError) -> Shape {
  guard inputs.count == 2 else { throw .invalid("reads 2 inputs, but \(inputs.count) are given") }
  guard inputs[0] == inputs[1] else {
    throw .invalid("both inputs need one shape, but they are \(inputs[0]) and \(inputs[1])")
  }
  return inputs[0]
}
