import CKernels
public import Tensors

/// Batch normalisation over all dimensions but the channel (the last).
///
///     y = weight (x - mean) / sqrt(variance + epsilon) + bias
///
/// Training uses the batch's mean and biased variance, and moves the running statistics by `momentum`
/// (the running variance is unbiased); inference uses the running statistics. Weight, bias, running_mean
/// and running_var are `[C]`.
/// Source: Ioffe and Szegedy 2015, algorithms 1 and 2; conventions of PyTorch.
public struct BatchNorm: Layer {
  /// The name in model files.
  public static let kind = "batch_norm"
  /// The number of channels.
  public let channels: Int
  /// Added to the variance, > 0.
  public let epsilon: Float
  /// Share of the batch's statistics in the new running ones, `0 ... 1`.
  public let momentum: Float

  /// Makes the layer.
  public init(channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1) {
    self.channels = channels
    self.epsilon = epsilon
    self.momentum = momentum
  }

  /// `weight` 1, `bias` 0, and the buffers `running_mean` 0 and `running_var` 1.
  public var parameters: [ParameterSpecification] {
    [
      ParameterSpecification("weight", [channels], .constant(1)),
      ParameterSpecification("bias", [channels], .constant(0)),
      ParameterSpecification("running_mean", [channels], .constant(0), isTrainable: false),
      ParameterSpecification("running_var", [channels], .constant(1), isTrainable: false),
    ]
  }

  /// epsilon, momentum.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("epsilon", .number(Double(epsilon))), ("momentum", .number(Double(momentum)))]
  }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let shape = try onlyShape(inputs)
    guard shape.rank >= 1, shape[-1] == channels else {
      throw .invalid("normalises \(channels) channels, but the input is \(shape)")
    }
    return shape
  }

  /// Normalises with the batch's statistics in training, with the running ones in inference.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    let x = inputs[0]
    guard pass.mode == .training else {
      let inverse = parameters[3].values.map { 1 / ($0 + epsilon).squareRoot() }
      return LayerOutput(try normalized(x, parameters, mean: parameters[2].values, inverse: inverse, pass))
    }
    let rows = Double(max(1, x.count / channels))
    let (sums, squares) = try x.channelSums(pass.execution)
    let mean = sums.map { $0 / rows }
    let variance = zip(squares, mean).map { max(0, $0 / rows - $1 * $1) }
    let inverse = variance.map { Float(1 / ($0 + Double(epsilon)).squareRoot()) }
    let meanValues = mean.map(Float.init)
    let output = try normalized(x, parameters, mean: meanValues, inverse: inverse, pass)
    let unbiased = rows > 1 ? rows / (rows - 1) : 1
    return LayerOutput(
      output, saved: [Tensor([channels], meanValues), Tensor([channels], inverse)],
      updatedBuffers: [
        "running_mean": moved(parameters[2], towards: meanValues),
        "running_var": moved(parameters[3], towards: variance.map { Float($0 * unbiased) }),
      ])
  }

  private func moved(_ running: Tensor, towards batch: [Float]) -> Tensor {
    Tensor([channels], zip(running.values, batch).map { $0 + momentum * ($1 - $0) })
  }

  private func normalized(
    _ x: Tensor, _ parameters: [Tensor], mean: [Float], inverse: [Float], _ pass: LayerPass
  ) throws -> Tensor {
    let scale = zip(parameters[0].values, inverse).map { $0 * $1 }
    let shift = zip(zip(parameters[1].values, mean), scale).map { $0.0 - $0.1 * $1 }
    return try x.channelMapped(pass.execution) { rows, x, y in
      aq_channel_affine(rows, channels, x, scale, shift, y)
    }
  }

  /// The adjoint: through the batch's statistics in training, an affine map in inference.
  ///
  ///     dx = weight inverse (dy - mean(dy) - xhat mean(dy xhat)),  xhat = (x - mean) inverse
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let x = inputs[0]
    let isTraining = pass.mode == .training
    let mean = isTraining ? saved.saved[0].values : parameters[2].values
    let inverse =
      isTraining ? saved.saved[1].values : parameters[3].values.map { 1 / ($0 + epsilon).squareRoot() }
    let (sumDy, sumDyX) = try gradient.channelGradientSums(at: x, mean: mean, pass.execution)
    let weightGradient = zip(sumDyX, inverse).map { Float($0 * Double($1)) }
    let rows = Double(max(1, x.count / channels))
    var a = [Float](), b = a, d = a
    for c in 0..<channels {
      let slope = Double(parameters[0][c]) * Double(inverse[c])
      let quadratic = isTraining ? -slope * Double(inverse[c]) * Double(inverse[c]) * sumDyX[c] / rows : 0
      let constant = isTraining ? -slope * sumDy[c] / rows - quadratic * Double(mean[c]) : 0
      a.append(Float(slope))
      b.append(Float(quadratic))
      d.append(Float(constant))
    }
    var dx = consume gradient
    try dx.fillRows(channels, pass.execution) { target, rows in
      x.withValues { x in
        guard let x = x.baseAddress else { return }
        aq_channel_combine(rows.count, channels, target, x + rows.lowerBound * channels, a, b, d, target)
      }
    }
    return LayerGradients(
      inputs: [dx],
      parameters: [Tensor([channels], weightGradient), Tensor([channels], sumDy.map(Float.init)), nil, nil])
  }
}

/// Rows per shard of a per-channel reduction; the partial sums are added in the order of the shards.
private let rowGrain = 2048

extension Tensor {
  private func rowShards(_ channels: Int) -> (rows: Int, shards: Int) {
    let rows = count / max(1, channels)
    return (rows, Execution.shardCount(for: rows, grain: rowGrain))
  }

  /// Sums and sums of squares per channel (last dimension), in double.
  func channelSums(_ execution: Execution) throws -> (sums: [Double], squares: [Double]) {
    try reducedRows(shape[-1], execution) { x, rows, channels, sums, squares in
      aq_channel_sums(rows.count, channels, x + rows.lowerBound * channels, sums, squares)
    }
  }

  /// Sums per channel of this gradient, and of it times `x - mean`.
  func channelGradientSums(
    at x: Tensor, mean: [Float], _ execution: Execution
  ) throws -> (sums: [Double], products: [Double]) {
    try reducedRows(shape[-1], execution) { dy, rows, channels, sums, products in
      x.withValues { x in
        guard let x = x.baseAddress else { return }
        let offset = rows.lowerBound * channels
        aq_channel_gradient_sums(rows.count, channels, dy + offset, x + offset, mean, sums, products)
      }
    }
  }

  private func reducedRows(
    _ channels: Int, _ execution: Execution,
    _ kernel: (
      UnsafePointer<Float>, Range<Int>, Int, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>
    ) -> Void
  ) throws -> ([Double], [Double]) {
    let (rows, shards) = rowShards(channels)
    var partial = [Double](repeating: 0, count: shards * 2 * channels)
    try partial.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let memory = SharedPointer(base)
      try withValues { (values: UnsafeBufferPointer<Float>) throws(any Error) in
        guard let x = values.baseAddress else { return }
        let source = SharedPointer(UnsafeMutablePointer(mutating: x))
        try execution.forEachShard(shards) { shard in
          let row = memory.base + shard * 2 * channels
          let range = Execution.range(ofShard: shard, of: shards, count: rows)
          kernel(source.base, range, channels, row, row + channels)
        }
      }
    }
    var first = [Double](repeating: 0, count: channels), second = first
    for shard in 0..<shards {
      for c in 0..<channels {
        first[c] += partial[shard * 2 * channels + c]
        second[c] += partial[shard * 2 * channels + channels + c]
      }
    }
    return (first, second)
  }

  /// Returns `kernel(rows, self, result)` over shards of rows of `channels` values.
  func channelMapped(
    _ execution: Execution, _ kernel: (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    let channels = shape[-1]
    var result = Tensor(uninitialized: shape)
    try result.fillRows(channels, execution) { target, rows in
      withValues { x in
        guard let x = x.baseAddress else { return }
        kernel(rows.count, x + rows.lowerBound * channels, target)
      }
    }
    return result
  }

  /// Calls `body` with the memory of consecutive ranges of rows.
  mutating func fillRows(
    _ channels: Int, _ execution: Execution, _ body: (UnsafeMutablePointer<Float>, Range<Int>) throws -> Void
  ) throws {
    let (rows, shards) = rowShards(channels)
    try withMutableValues { (values: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let base = values.baseAddress else { return }
      let memory = SharedPointer(base)
      try execution.forEachShard(shards) { shard in
        let range = Execution.range(ofShard: shard, of: shards, count: rows)
        try body(memory.base + range.lowerBound * channels, range)
      }
    }
  }
}
