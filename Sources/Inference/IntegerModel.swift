public import Packing
public import Tensors

/// A network of integers: what a quantized model becomes when it is compiled, and what a `.augq` file holds.
///
/// Node 0 is the input. Nodes are in topological order and exchange codes of at most 8 bits; the output node gives
/// logits, 32-bit integers on one common scale.
public struct IntegerModel: Hashable, Sendable {
  /// The nodes in topological order.
  public let nodes: [IntegerNode]
  /// The node that gives the result.
  public let output: Int

  /// Makes a model; the engine checks it.
  public init(nodes: [IntegerNode], output: Int) {
    self.nodes = nodes
    self.output = output
  }
}

/// One integer operation of a network.
public struct IntegerNode: Hashable, Sendable {
  /// The name it has in the graph.
  public let name: String
  /// What it computes.
  public let operation: IntegerOperation
  /// The nodes it reads.
  public let inputs: [Int]
  /// The shape of its output for one image: `[H, W, C]` or `[C]`.
  public let shape: Shape
  /// The grid of its output codes; of the logits for a node with wide output.
  public let grid: IntegerGrid

  /// Makes a node.
  public init(
    _ name: String, _ operation: IntegerOperation, inputs: [Int], shape: Shape, grid: IntegerGrid
  ) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.shape = shape
    self.grid = grid
  }
}

/// What a node computes on codes.
public enum IntegerOperation: Hashable, Sendable {
  /// The network's input.
  case input
  /// Convolution, depthwise convolution or linear layer, with bias and clamp.
  case convolution(IntegerConvolution)
  /// Sum of two inputs.
  case add(IntegerAddition)
  /// Product of two inputs; the second may be one row of channels.
  case multiply(FixedPointMultiplier, CodeRange, headroom: Int)
  /// Means of windows.
  case averagePool(WindowGeometry, AveragePoolScale)
  /// Largest values of windows.
  case maxPool(WindowGeometry)
  /// Channels of the inputs one after another, each through a table onto the output's grid.
  case concatenate([[UInt8]])
  /// A run of channels from the given first one.
  case slice(first: Int)
  /// Channels in the given order: output channel `i` is input channel `order[i]`.
  case permuteChannels([Int])
  /// The same codes under another shape.
  case reshape
  /// A code around the image and around its channels; what lies below, right and behind follows from the output's shape.
  case pad(top: Int, left: Int, front: Int, code: UInt8)
  /// Any function of one code: 256 entries.
  case table([UInt8])
}

/// The codes an operation may give: a fused ReLU or ReLU6 is its lower and upper end.
public struct CodeRange: Hashable, Sendable {
  /// The smallest code.
  public let low: UInt8
  /// The largest code.
  public let high: UInt8

  /// Makes a range.
  public init(_ low: UInt8 = 0, _ high: UInt8 = 255) {
    self.low = low
    self.high = high
  }
}

/// Kernel, stride, dilation and padding of a window.
public struct WindowGeometry: Hashable, Sendable {
  /// Height and width of the window.
  public var kernel: [Int]
  /// Steps down and right.
  public var stride: [Int] = [1, 1]
  /// Distance between taps.
  public var dilation: [Int] = [1, 1]
  /// Padding above and left; below and right follow from the output's shape.
  public var padding: [Int] = [0, 0]

  /// Makes a geometry.
  public init(kernel: [Int], stride: [Int] = [1, 1], dilation: [Int] = [1, 1], padding: [Int] = [0, 0]) {
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }
}

extension WindowGeometry: CustomStringConvertible {
  /// The window as error messages name it.
  public var description: String {
    "a window of \(kernel), stride \(stride), dilation \(dilation), padding \(padding)"
  }
}

/// Weights, bias and requantization of a convolution or linear layer.
///
///     sum[o]  = bias[o] + (Σ (x - x.zeroPoint) * (weights[o, …] - zeroPoints[o])) << headroom        32-bit, exact
///     code[o] = clamp(round(sum[o] * multipliers[o]) + grid.zeroPoint, range)
///
/// With ``isWide`` the result is a logit instead: `round(sum[o] * multipliers[o])`, 32 bits.
public struct IntegerConvolution: Hashable, Sendable {
  /// The window; kernel 1x1 for a linear layer.
  public var window: WindowGeometry
  /// Groups of channels that do not mix.
  public var groups: Int
  /// Codes of the weights, `[O, kH, kW, I / groups]`.
  public var weights: PackedCodes
  /// The code of weight 0 per output channel, 0...255.
  public var zeroPoints: [Int32]
  /// Bias per output channel at the scale of the sums, with ``headroom`` fractional bits.
  public var bias: [Int32]
  /// Ratio of the sums' scale to the output's, per output channel.
  public var multipliers: [FixedPointMultiplier]
  /// Rounding of the product.
  public var rounding: RequantizationRounding
  /// Codes the result is clamped to.
  public var range: CodeRange
  /// Whether the result is 32-bit logits.
  public var isWide: Bool
  /// Bits that products are shifted left, 0...16.
  ///
  /// They hold the fraction of a step that the bias and the first of two roundings
  /// keep. LiteRT has 0; grids of few levels, whose steps are coarse, leave room for many.
  public var headroom = 0

  /// Makes a convolution.
  public init(
    window: WindowGeometry, groups: Int, weights: PackedCodes, zeroPoints: [Int32], bias: [Int32],
    multipliers: [FixedPointMultiplier], rounding: RequantizationRounding, range: CodeRange = CodeRange(),
    isWide: Bool = false
  ) {
    self.window = window
    self.groups = groups
    self.weights = weights
    self.zeroPoints = zeroPoints
    self.bias = bias
    self.multipliers = multipliers
    self.rounding = rounding
    self.range = range
    self.isWide = isWide
  }
}

/// How two inputs are brought to one scale, added and requantized.
///
///     term_i = round((x_i - zeroPoint_i) * 2^20 * first/second)       code = clamp(round((term_1 + term_2) * result) + zeroPoint)
///
/// The multipliers' rounding is the double one. Source: LiteRT's reference ADD.
public struct IntegerAddition: Hashable, Sendable {
  /// Ratio of the first input's scale to twice the larger one.
  public let first: FixedPointMultiplier
  /// Ratio of the second input's scale to twice the larger one.
  public let second: FixedPointMultiplier
  /// Ratio of twice the larger input scale, divided by 2^20, to the output's.
  public let result: FixedPointMultiplier
  /// Codes the result is clamped to.
  public let range: CodeRange

  /// The bits that terms are shifted left: |x - zeroPoint| <= 255 < 2^8, so terms stay below 2^28 and their sum below 2^29.
  public static let headroomBits = 20

  /// Makes an addition of two grids onto a third; `nil` when the scales' ratio is out of range.
  public init?(_ a: IntegerGrid, _ b: IntegerGrid, onto c: IntegerGrid, range: CodeRange = CodeRange()) {
    let twiceLarger = 2 * max(a.scale, b.scale)
    let step = Double(1 << Self.headroomBits)
    guard let first = FixedPointMultiplier(a.scale / twiceLarger),
      let second = FixedPointMultiplier(b.scale / twiceLarger),
      let result = FixedPointMultiplier(twiceLarger / (step * c.scale)), result.shift <= 0
    else { return nil }
    self.init(first: first, second: second, result: result, range: range)
  }

  /// Takes parts that were made before.
  public init(
    first: FixedPointMultiplier, second: FixedPointMultiplier, result: FixedPointMultiplier, range: CodeRange
  ) {
    self.first = first
    self.second = second
    self.result = result
    self.range = range
  }

  /// The 256 terms of an input's codes.
  func terms(_ multiplier: FixedPointMultiplier, zeroPoint: Int) -> [Int32] {
    (0..<256).map { multiplier.product(Int32(($0 - zeroPoint) << Self.headroomBits), .double) }
  }
}

/// How the sum of a window becomes a code.
public enum AveragePoolScale: Hashable, Sendable {
  /// Input and output share a grid; the mean rounds half away from code `origin` (LiteRT: 128, the zero of int8).
  case sameGrid(origin: Int)
  /// One multiplier per number `n` of positions inside:
  /// `round(((sum - n * zeroPoint) << headroom) * multipliers[n - 1]) + zeroPoint'`.
  case rescaled([FixedPointMultiplier], countsPadding: Bool, headroom: Int)
}
