import Packing
public import Tensors

/// Codes of a layer's weights, one step and zero point per output channel.
public struct IntegerWeights: Hashable, Sendable {
  /// `[O, kH, kW, I / groups]`, each in `0 ..< levels`.
  public let codes: [UInt8]
  /// The number of codes, at most 256.
  public let levels: Int
  /// Step per output channel.
  public let scales: [Double]
  /// Code of the value 0 per output channel.
  public let zeroPoints: [Int]

  /// Makes weights.
  public init(codes: [UInt8], levels: Int, scales: [Double], zeroPoints: [Int]) {
    self.codes = codes
    self.levels = levels
    self.scales = scales
    self.zeroPoints = zeroPoints
  }
}

/// Makes integer networks from grids: scales become fixed-point multipliers, real biases become steps.
///
/// Every method adds a node and returns its index. A unary activation that only cuts values off (ReLU, ReLU6) is given as
/// the real range it lets through: `q(min(max(x, a), b)) = min(max(q(x), q(a)), q(b))`, since rounding is monotone.
public struct IntegerModelBuilder: Sendable {
  /// The values an activation lets through; all of them by default.
  public typealias RealRange = ClosedRange<Double>
  /// No activation.
  public static let everything: RealRange = -Double.infinity...Double.infinity

  /// The nodes so far.
  public private(set) var nodes: [IntegerNode]

  /// Begins a network with its input.
  public init(input shape: Shape, grid: IntegerGrid) {
    nodes = [IntegerNode("input", .input, inputs: [], shape: shape, grid: grid)]
  }

  /// The network up to `output`.
  public func model(output: Int) -> IntegerModel { IntegerModel(nodes: nodes, output: output) }

  mutating func append(
    _ name: String, _ operation: IntegerOperation, _ inputs: [Int], _ shape: Shape, _ grid: IntegerGrid
  ) -> Int {
    nodes.append(IntegerNode(name, operation, inputs: inputs, shape: shape, grid: grid))
    return nodes.count - 1
  }

  /// A convolution (kernel 1x1 on a vector: a linear layer) to add.
  public struct Convolution: Sendable {
    /// Name and output shape.
    public var name: String
    /// Shape of the output of one image.
    public var shape: Shape
    /// The window.
    public var window: WindowGeometry
    /// Groups of channels that do not mix.
    public var groups = 1
    /// Codes and their grids.
    public var weights: IntegerWeights
    /// Real bias per output channel.
    public var bias: [Double]
    /// What a fused activation lets through.
    public var range = IntegerModelBuilder.everything
    /// The output's grid; `nil` for 32-bit logits.
    public var grid: IntegerGrid?

    /// Makes a description; set the rest as needed.
    public init(
      _ name: String, shape: Shape, window: WindowGeometry, weights: IntegerWeights, bias: [Double],
      grid: IntegerGrid?
    ) {
      self.name = name
      self.shape = shape
      self.window = window
      self.weights = weights
      self.bias = bias
      self.grid = grid
    }
  }

  /// Adds a convolution, depthwise convolution or linear layer.
  ///
  /// - Throws: ``InferenceError`` when a grid, a bias or a ratio of scales does not fit.
  public mutating func add(_ layer: Convolution, input: Int) throws(InferenceError) -> Int {
    var layer = layer
    let channels = layer.weights.scales.count
    guard layer.weights.levels <= 256 else {
      throw .tooManyLevels(node: layer.name, levels: layer.weights.levels)
    }
    guard channels > 0, layer.weights.zeroPoints.count == channels, layer.bias.count == channels,
      layer.weights.codes.count % channels == 0,
      layer.weights.zeroPoints.allSatisfy({ (0..<layer.weights.levels).contains($0) })
    else {
      throw .unsupportedGrid(
        node: layer.name, grid: "zero points \(layer.weights.zeroPoints) of \(layer.weights.levels) levels")
    }
    layer.coarsenWeights(input: nodes[input].grid)
    let weights = layer.weights
    let steps = weights.scales.map { $0 * nodes[input].grid.scale }
    let bound = layer.sumBounds(steps, input: nodes[input].grid)
    let grid = layer.grid ?? Self.logitGrid(bound, steps)
    let headroom = zip(bound, steps).reduce(12) { least, channel in
      min(least, Self.headroom(bound: channel.0, ratio: channel.1 / grid.scale))
    }
    var bias: [Int32] = []
    var multipliers: [FixedPointMultiplier] = []
    for (channel, step) in steps.enumerated() {
      let fine = step / Double(1 << headroom)
      let count = (layer.bias[channel] / fine).rounded(.toNearestOrEven)
      guard count.magnitude < 0x1p31 else {
        throw .biasOverflow(node: layer.name, channel: channel, value: count)
      }
      bias.append(Int32(count))
      guard let multiplier = FixedPointMultiplier(fine / grid.scale) else {
        throw .multiplier(node: layer.name, value: step / grid.scale)
      }
      multipliers.append(multiplier)
    }
    let bits = PackedCodes.bits(forLevels: weights.levels)
    let packed: PackedCodes
    do { packed = try PackedCodes(weights.codes, bits: bits) } catch {
      throw .unsupportedGrid(node: layer.name, grid: "codes beyond \(weights.levels) levels")
    }
    var operation = IntegerConvolution(
      window: layer.window, groups: layer.groups, weights: packed,
      zeroPoints: weights.zeroPoints.map { Int32($0) },
      bias: bias, multipliers: multipliers, rounding: layer.shape.rank == 1 ? .single : .double,
      range: layer.grid.map { $0.codes(of: layer.range) } ?? CodeRange(), isWide: layer.grid == nil)
    operation.headroom = headroom
    return append(layer.name, .convolution(operation), [input], layer.shape, grid)
  }

  /// The common scale of logits: the largest possible one is 2^24 steps, which FP32 still holds exactly.
  private static func logitGrid(_ bounds: [Double], _ steps: [Double]) -> IntegerGrid {
    let largest = zip(bounds, steps).reduce(0) { max($0, $1.0 * $1.1) }
    return IntegerGrid(scale: largest > 0 ? largest * 0x1p-24 : 1, zeroPoint: 0, levels: 1 << 25)
  }
}

extension IntegerModelBuilder.Convolution {
  /// Gives a channel whose weights are next to nothing beside its bias a step in which the bias is below 2^30.
  ///
  /// Batch norm folding makes such channels. Each weight moves by at most `|bias| 2^-31 / s_x`.
  fileprivate mutating func coarsenWeights(input: IntegerGrid) {
    let depth = weights.codes.count / weights.scales.count
    var (codes, scales) = (weights.codes, weights.scales)
    for channel in scales.indices {
      let factor = abs(bias[channel]) / (scales[channel] * input.scale) / 0x1p30
      guard factor > 1, factor.isFinite else { continue }
      scales[channel] *= factor
      let zero = weights.zeroPoints[channel]
      for index in (channel * depth)..<((channel + 1) * depth) {
        codes[index] = UInt8(zero + Int((Double(Int(codes[index]) - zero) / factor).rounded()))
      }
    }
    weights = IntegerWeights(
      codes: codes, levels: weights.levels, scales: scales, zeroPoints: weights.zeroPoints)
  }

  /// The largest magnitude of each channel's sum, in steps.
  ///
  ///     |sum[o]| <= |bias[o]| + reach(x) Σ |w[o] - zeroPoint[o]|
  fileprivate func sumBounds(_ steps: [Double], input: IntegerGrid) -> [Double] {
    let depth = weights.codes.count / steps.count
    return steps.indices.map { channel in
      var magnitude = 0
      for code in weights.codes[(channel * depth)..<((channel + 1) * depth)] {
        magnitude += abs(Int(code) - weights.zeroPoints[channel])
      }
      return abs(bias[channel]) / steps[channel] + Double(magnitude * input.reach) + 1
    }
  }
}

extension IntegerGrid {
  /// Returns the code of a value: nearest, ties to even, clamped.
  public func code(of value: Double) -> UInt8 {
    let code = (value / scale).rounded(.toNearestOrEven) + Double(zeroPoint)
    return UInt8(max(0, min(Double(min(levels, 256) - 1), code)))
  }

  /// The codes of the values in a range.
  func codes(of range: IntegerModelBuilder.RealRange) -> CodeRange {
    CodeRange(code(of: range.lowerBound), code(of: range.upperBound))
  }

  /// The code on this grid for each of the 256 codes of another, through a function of the value.
  func table(from source: IntegerGrid, _ function: (Double) -> Double = { $0 }) -> [UInt8] {
    (0..<256).map { code(of: function(source.value(min($0, source.levels - 1)))) }
  }
}
