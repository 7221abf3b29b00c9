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
public struct BatchNorm: ReLUFusing {
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

  /// The first of some running variances that has no square root with epsilon added; `nil` when all have one.
  public func unusableVariance(_ values: [Float]) -> Float? { values.first { !($0 + epsilon > 0) } }

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
      let offset = [Double](repeating: 0, count: channels)
      return LayerOutput(
        try mapped(x, map(parameters, (parameters[2].values, offset, inverse)), pass))
    }
    let rows = Double(max(1, x.count / channels))
    let pivot = x.channelPivot()
    let (sums, squares) = try x.channelSums(around: pivot, pass.execution)
    let offset = sums.map { $0 / rows }
    let variance = zip(squares, offset).map { square, offset in
      let value = square / rows - offset * offset
      return value < 0 ? 0 : value
    }
    let inverse = variance.map { Float(1 / ($0 + Double(epsilon)).squareRoot()) }
    let map = map(parameters, (pivot, offset, inverse))
    let unbiased = rows > 1 ? rows / (rows - 1) : 1
    let mean = zip(pivot, offset).map { Float(Double($0) + $1) }
    return LayerOutput(
      try mapped(x, map, pass),
      saved: [pivot, offset.map(Float.init), inverse, map.scale, map.shift].map { Tensor([channels], $0) },
      updatedBuffers: [
        "running_mean": moved(parameters[2], towards: mean),
        "running_var": moved(parameters[3], towards: variance.map { Float($0 * unbiased) }),
      ])
  }

  private func moved(_ running: Tensor, towards batch: [Float]) -> Tensor {
    Tensor([channels], zip(running.values, batch).map { $0 + momentum * ($1 - $0) })
  }

  /// The forward map; the mean is `pivot + offset`: subtracting the pivot first keeps a large mean from cancelling.
  private func map(
    _ parameters: [Tensor], _ statistics: (pivot: [Float], offset: [Double], inverse: [Float])
  ) -> ChannelMap {
    let scale = zip(parameters[0].values, statistics.inverse).map { $0 * $1 }
    let shift = (0..<channels).map {
      Float(Double(parameters[1][$0]) - statistics.offset[$0] * Double(scale[$0]))
    }
    return ChannelMap(pivot: statistics.pivot, scale: scale, shift: shift)
  }

  private func mapped(_ x: Tensor, _ map: ChannelMap, _ pass: LayerPass) throws -> Tensor {
    try map.withPointers { map in
      try x.channelMapped(pass.execution) { rows, x, y in
        withUnsafePointer(to: map) {
          switch pass.epilogue {
          case .identity: aq_channel_affine(rows, channels, x, $0, y)
          case .relu: aq_channel_affine_relu(rows, channels, x, $0, y)
          }
        }
      }
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
    let inverse =
      isTraining ? saved.saved[2].values : parameters[3].values.map { 1 / ($0 + epsilon).squareRoot() }
    let offset = isTraining ? saved.saved[1].values.map(Double.init) : [Double](repeating: 0, count: channels)
    let forward =
      isTraining
      ? ChannelMap(
        pivot: saved.saved[0].values, scale: saved.saved[3].values, shift: saved.saved[4].values)
      : map(parameters, (parameters[2].values, offset, inverse))
    var (sumDy, sumDyX) = try gradient.channelGradientSums(at: x, forward, pass)
    let rows = Double(max(1, x.count / channels))
    var slopes = [Float](), scale = slopes, shift = slopes
    for c in 0..<channels {
      sumDyX[c] -= offset[c] * sumDy[c]
      let slope = Double(parameters[0][c]) * Double(inverse[c])
      let quadratic = isTraining ? -slope * Double(inverse[c]) * Double(inverse[c]) * sumDyX[c] / rows : 0
      let constant = isTraining ? -slope * sumDy[c] / rows - quadratic * offset[c] : 0
      slopes.append(Float(slope))
      scale.append(Float(quadratic))
      shift.append(Float(constant))
    }
    let weightGradient = zip(sumDyX, inverse).map { Float($0 * Double($1)) }
    let adjoint = ChannelMap(pivot: forward.pivot, scale: scale, shift: shift)
    let dx = try gradient.channelCombined(with: x, (forward, adjoint, slopes), pass)
    return LayerGradients(
      inputs: [dx],
      parameters: [Tensor([channels], weightGradient), Tensor([channels], sumDy.map(Float.init)), nil, nil])
  }
}

/// The map `(x - pivot) scale + shift` of each channel.
struct ChannelMap {
  var pivot: [Float]
  var scale: [Float]
  var shift: [Float]

  /// Calls `body` with the map in the kernels' form.
  func withPointers<Result>(_ body: (aq_channel_map) throws -> Result) rethrows -> Result {
    try pivot.withUnsafeBufferPointer { pivot in
      try scale.withUnsafeBufferPointer { scale in
        try shift.withUnsafeBufferPointer { shift in
          try body(
            aq_channel_map(pivot: pivot.baseAddress, scale: scale.baseAddress, shift: shift.baseAddress))
        }
      }
    }
  }
}

/// Rows per shard of a per-channel reduction; the partial sums are added in the order of the shards.
private let rowGrain = 2048

extension Tensor {
  private func rowShards(_ channels: Int) -> (rows: Int, shards: Int) {
    let rows = count / max(1, channels)
    return (rows, Execution.shardCount(for: rows, grain: rowGrain))
  }

  /// A number near the mean of each channel: the mean over 16 rows spread evenly.
  func channelPivot() -> [Float] {
    let channels = shape[-1]
    let rows = count / max(1, channels)
    let drawn = min(16, rows)
    guard drawn > 0 else { return [Float](repeating: 0, count: channels) }
    return withValues { x in
      (0..<channels).map { c in
        let sum = (0..<drawn).reduce(0.0) { $0 + Double(x[($1 * rows / drawn) * channels + c]) }
        return Float(sum / Double(drawn))
      }
    }
  }

  /// Sums per channel (last dimension) of `x - pivot` and of its square, in double.
  func channelSums(
    around pivot: [Float], _ execution: Execution
  ) throws -> (sums: [Double], squares: [Double]) {
    try reducedRows(shape[-1], execution) { x, rows, channels, sums, squares in
      aq_channel_sums(rows.count, channels, x + rows.lowerBound * channels, pivot, sums, squares)
    }
  }

  /// Sums per channel of this gradient, and of it times `x - pivot`; with a ReLU, where its input was positive.
  func channelGradientSums(
    at x: Tensor, _ forward: ChannelMap, _ pass: LayerPass
  ) throws -> (sums: [Double], products: [Double]) {
    try forward.withPointers { map in
      try reducedRows(shape[-1], pass.execution) { dy, rows, channels, sums, products in
        x.withValues { x in
          guard let x = x.baseAddress else { return }
          let offset = rows.lowerBound * channels
          switch pass.epilogue {
          case .identity:
            aq_channel_gradient_sums(rows.count, channels, dy + offset, x + offset, map.pivot, sums, products)
          case .relu:
            withUnsafePointer(to: map) {
              aq_channel_gradient_sums_relu(rows.count, channels, dy + offset, x + offset, $0, sums, products)
            }
          }
        }
      }
    }
  }

  /// Returns `slope dy + adjoint(x)` for this gradient dy, which a ReLU cuts first.
  consuming func channelCombined(
    with x: Tensor, _ maps: (forward: ChannelMap, adjoint: ChannelMap, slope: [Float]), _ pass: LayerPass
  ) throws -> Tensor {
    let channels = shape[-1]
    let own = consume self
    return try maps.forward.withPointers { forward in
      try maps.adjoint.withPointers { map in
        try maps.slope.withUnsafeBufferPointer { slope in
          let adjoint = aq_channel_adjoint(forward: forward, map: map, slope: slope.baseAddress)
          return try own.combinedRows(with: x, pass.execution) { rows, dy, x, dx in
            withUnsafePointer(to: adjoint) { adjoint in
              switch pass.epilogue {
              case .identity:
                withUnsafePointer(to: adjoint.pointee.map) {
                  aq_channel_combine(rows, channels, dy, x, $0, adjoint.pointee.slope, dx)
                }
              case .relu: aq_channel_combine_relu(rows, channels, dy, x, adjoint, dx)
              }
            }
          }
        }
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

  /// Returns `kernel(rows, self, other, result)` over shards of rows; the result takes this tensor's memory when nobody
  /// else has it.
  consuming func combinedRows(
    with other: Tensor, _ execution: Execution,
    _ kernel: (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    let channels = shape[-1]
    var own = consume self
    guard own.isUnique else {
      var result = Tensor(uninitialized: own.shape)
      try result.fillRows(channels, execution) { target, rows in
        own.withValues { a in
          other.withValues { b in
            guard let a = a.baseAddress, let b = b.baseAddress else { return }
            let offset = rows.lowerBound * channels
            kernel(rows.count, a + offset, b + offset, target)
          }
        }
      }
      return result
    }
    try own.fillRows(channels, execution) { target, rows in
      other.withValues { b in
        if let b = b.baseAddress { kernel(rows.count, target, b + rows.lowerBound * channels, target) }
      }
    }
    return own
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
