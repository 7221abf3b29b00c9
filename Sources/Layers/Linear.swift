import CKernels
import COneDNN
public import Tensors

/// Fully connected layer: `y[n, o] = bias[o] + sum over i of x[n, i] weight[o, i]`.
///
/// Weight `[O, I]`, bias `[O]`.
public struct Linear: Layer {
  /// The name in model files.
  public static let kind = "linear"
  /// Length of the input.
  public let inFeatures: Int
  /// Length of the output.
  public let features: Int
  /// Whether a bias is added.
  public let hasBias: Bool

  /// Makes the layer.
  public init(inFeatures: Int, features: Int, hasBias: Bool = true) {
    self.inFeatures = inFeatures
    self.features = features
    self.hasBias = hasBias
  }

  /// `weight` and, with a bias, `bias`, both uniform in `±1 / sqrt(I)`.
  public var parameters: [ParameterSpecification] {
    let weight = ParameterSpecification("weight", [features, inFeatures], .uniform(fan: inFeatures))
    return hasBias
      ? [weight, ParameterSpecification("bias", [features], .uniform(fan: inFeatures))] : [weight]
  }

  /// features, bias.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("features", .integer(features)), ("bias", .boolean(hasBias))]
  }

  /// `[features]`.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let shape = try onlyShape(inputs)
    guard shape.rank == 1 else {
      throw .invalid("reads vectors, but the input is \(shape). Put flatten before it.")
    }
    guard shape[0] == inFeatures else {
      throw .invalid("the weights are for \(inFeatures) features, but the input has \(shape[0])")
    }
    return [features]
  }

  /// Multiplies by the transposed weight and adds the bias.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    var result = Tensor(uninitialized: [inputs[0].shape[0], features])
    let bias = parameters.count > 1 ? parameters[1].values : [Float](repeating: 0, count: features)
    let (outputs, inputsPerRow) = (Int64(features), Int64(inFeatures))
    try inputs[0].forEachImageShard(writing: &result, pass.execution) { images, x, y in
      for row in 0..<images { (y + row * features).update(from: bias, count: features) }
      let status = parameters[0].withValues {
        aq_matmul(
          MatrixOperation.plain, MatrixOperation.transposed, Int64(images), outputs, inputsPerRow, x,
          inputsPerRow, $0.baseAddress,
          inputsPerRow, 1, y, outputs)
      }
      try checkOneDNN(status, "a matrix product")
    }
    return LayerOutput(result)
  }

  /// The products of the gradient with weight and input.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let dy = gradient
    let (outputs, inputsPerRow) = (Int64(features), Int64(inFeatures))
    var dx: Tensor?
    if pass.needsInputGradients {
      var result = Tensor(uninitialized: inputs[0].shape)
      try dy.forEachImageShard(writing: &result, pass.execution) { images, dy, dx in
        let status = parameters[0].withValues {
          aq_matmul(
            MatrixOperation.plain, MatrixOperation.plain, Int64(images), inputsPerRow, outputs, dy, outputs,
            $0.baseAddress,
            inputsPerRow,
            0, dx, inputsPerRow)
        }
        try checkOneDNN(status, "a matrix product")
      }
      dx = result
    }
    guard pass.needsParameterGradients else { return LayerGradients(inputs: [dx]) }
    let weight = try weightGradient(dy, inputs[0], pass.execution)
    guard hasBias, pass.needsBiasGradients else { return LayerGradients(inputs: [dx], parameters: [weight]) }
    return LayerGradients(inputs: [dx], parameters: [weight, dy.columnSums()])
  }

  /// `dy^T x`; each shard makes rows of its own, so nothing is left to reduce.
  private func weightGradient(_ dy: Tensor, _ x: Tensor, _ execution: Execution) throws -> Tensor {
    var weight = Tensor(uninitialized: [features, inFeatures])
    let (outputs, inputsPerRow, images) = (Int64(features), Int64(inFeatures), Int64(dy.shape[0]))
    let shards = Execution.shardCount(for: features, grain: max(16, (1 << 15) / max(1, inFeatures)))
    try weight.withMutableValues { (target: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      try execution.forEachShard(shards) { shard in
        let rows = Execution.range(ofShard: shard, of: shards, count: features)
        let status = dy.withValues { dy in
          x.withValues { x -> Int32 in
            guard let dy = dy.baseAddress, let target = target.baseAddress else { return 0 }
            return aq_matmul(
              MatrixOperation.transposed, MatrixOperation.plain, Int64(rows.count), inputsPerRow, images,
              dy + rows.lowerBound,
              outputs,
              x.baseAddress, inputsPerRow, 0, target + rows.lowerBound * inFeatures, inputsPerRow)
          }
        }
        try checkOneDNN(status, "a matrix product")
      }
    }
    return weight
  }
}

/// What a product of matrices does to an operand.
enum MatrixOperation {
  static let plain = CChar(bitPattern: UInt8(ascii: "N"))
  static let transposed = CChar(bitPattern: UInt8(ascii: "T"))
}

extension Tensor {
  /// The sum over all dimensions but the last, accumulated in double.
  func columnSums() -> Tensor {
    let channels = shape[-1]
    var sums = [Double](repeating: 0, count: channels)
    var squares = sums
    let pivot = [Float](repeating: 0, count: channels)
    withValues { aq_channel_sums(count / max(1, channels), channels, $0.baseAddress, pivot, &sums, &squares) }
    return Tensor([channels], sums.map(Float.init))
  }
}
