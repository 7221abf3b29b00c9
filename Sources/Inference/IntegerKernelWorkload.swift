import Packing
import Tensors

/// A layer shape that benches time on every kernel variant.
///
///     for workload in IntegerKernelWorkload.all {
///       for variant in IntegerKernelVariant.all {
///         let runner = try workload.runner(on: variant)
///         // time runner.run(); GMAC/s = workload.multiplications / nanoseconds
///       }
///     }
public struct IntegerKernelWorkload: Sendable {
  /// Kind and extents, such as `conv 3x3 64->64 @28x28`.
  public let name: String
  private let extents: (side: Int, input: Int, output: Int)
  private let kernel: Int
  private let groups: Int
  private let weightBits: Int

  /// Multiplications of one run.
  public var multiplications: Int {
    extents.side * extents.side * extents.output * kernel * kernel * (extents.input / groups)
  }

  /// The shapes that `augq bench kernels` prints.
  public static let all: [IntegerKernelWorkload] = [
    .init("conv 3x3 64->64 @28x28 w8", (28, 64, 64), kernel: 3, weightBits: 8),
    .init("conv 3x3 64->64 @28x28 AuGQ-4 (61 levels)", (28, 64, 64), kernel: 3, weightBits: 6),
    .init("conv 3x3 16->16 @32x32 w8", (32, 16, 16), kernel: 3, weightBits: 8),
    .init("conv 1x1 64->64 @28x28 w8", (28, 64, 64), kernel: 1, weightBits: 8),
    .init("conv 1x1 256->256 @14x14 w8", (14, 256, 256), kernel: 1, weightBits: 8),
    .init("linear 1024->256 w8", (1, 1024, 256), kernel: 1, weightBits: 8),
    .init("depthwise 3x3 64 @28x28 w8", (28, 64, 64), kernel: 3, groups: 64, weightBits: 8),
  ]

  private init(
    _ name: String, _ extents: (Int, Int, Int), kernel: Int, groups: Int = 1, weightBits: Int
  ) {
    self.name = name
    self.extents = extents
    self.kernel = kernel
    self.groups = groups
    self.weightBits = weightBits
  }

  /// Returns the layer with seeded random weights and codes, ready to run on a variant.
  ///
  /// - Throws: ``InferenceError`` or `PackingError`, when a shape of the table is wrong.
  public func runner(on variant: IntegerKernelVariant) throws -> IntegerKernelRunner {
    var random = RandomSource(seed: 77)
    let depth = kernel * kernel * extents.input / groups
    // Levels of AuGQ with 4 intervals of 4 bits, or all 256.
    let levels = weightBits == 6 ? 61 : 1 << weightBits
    let codes = (0..<(extents.output * depth)).map { _ in UInt8(random.integer(below: levels)) }
    let scale = FixedPointMultiplier(multiplier: 1 << 30, shift: -12)
    let layer = IntegerConvolution(
      window: WindowGeometry(kernel: [kernel, kernel], padding: [kernel / 2, kernel / 2]), groups: groups,
      weights: try PackedCodes(codes, bits: weightBits),
      zeroPoints: [Int32](repeating: Int32(levels / 2), count: extents.output),
      bias: [Int32](repeating: 0, count: extents.output),
      multipliers: [FixedPointMultiplier](repeating: scale, count: extents.output), rounding: .double)
    let grid = IntegerGrid(scale: 1, zeroPoint: 128)
    let input: Shape = [extents.side, extents.side, extents.input]
    let output: Shape = [extents.side, extents.side, extents.output]
    let model = IntegerModel(
      nodes: [
        IntegerNode("input", .input, inputs: [], shape: input, grid: grid),
        IntegerNode("layer", .convolution(layer), inputs: [0], shape: output, grid: grid),
      ], output: 1)
    let x = (0..<input.count).map { _ in UInt8(random.integer(below: 256)) }
    return IntegerKernelRunner(engine: try IntegerEngine(model, variant: variant), input: x)
  }
}

/// One workload on one variant, with its memory.
public struct IntegerKernelRunner: Sendable {
  private let engine: IntegerEngine
  private let arena: AlignedBytes

  init(engine: IntegerEngine, input: [UInt8]) {
    self.engine = engine
    arena = engine.borrowMemory()
    engine.load(input, into: arena)
  }

  /// Computes the layer once, on this thread.
  public func run() { engine.runSteps(arena) }

  /// The codes of the last run.
  public var output: [UInt8] { engine.outputCodes(in: arena) }
}
