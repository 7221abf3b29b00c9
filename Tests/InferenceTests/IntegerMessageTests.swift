import Inference
import Layers
import Packing
import Quantizers
import Tensors
import TestSupport
import Testing

/// What a user reads about networks that have no integer form, and packed models that make no sense.
@Suite struct IntegerMessageTests {
  private static let grid = IntegerGrid(scale: 1, zeroPoint: 0)
  private static let unit = FixedPointMultiplier(multiplier: 1 << 30, shift: 0)

  /// A model of an input and one node, `n`.
  private static func model(
    _ operation: IntegerOperation, input: Shape = [4, 4, 2], inputs: [Int] = [0], shape: Shape = [4, 4, 2],
    grid: IntegerGrid = grid
  ) -> IntegerModel {
    IntegerModel(
      nodes: [
        IntegerNode("input", .input, inputs: [], shape: input, grid: Self.grid),
        IntegerNode("n", operation, inputs: inputs, shape: shape, grid: grid),
      ], output: 1)
  }

  private static func layer(
    _ weights: [UInt8] = [1, 1], zeroPoints: [Int32] = [0], groups: Int = 1, isWide: Bool = false
  ) throws -> IntegerOperation {
    .convolution(
      IntegerConvolution(
        window: WindowGeometry(kernel: [1, 1]), groups: groups, weights: try PackedCodes(weights, bits: 8),
        zeroPoints: zeroPoints, bias: [0], multipliers: [unit], rounding: .single, isWide: isWide))
  }

  /// A refusal of the node `n`.
  private static func node(_ message: String, _ model: @escaping @Sendable () throws -> IntegerModel)
    -> Refused
  {
    Refused(message) { try IntegerEngine(model()) }
  }

  static let nodes: [Refused] = [
    node(
      "node 'n': 1 channels of 2 weights expected; found 3 weights, 1 zero points, 1 biases, 1 multipliers."
    ) {
      model(try layer([1, 1, 1]), input: [2], shape: [1])
    },
    node("node 'n': it reads nodes [5], which do not come before node 1.") { model(.reshape, inputs: [5]) },
    node("node 'n': shape scalar is neither an image nor a vector.") { model(.reshape, shape: []) },
    node("node 'n': only the output node may give 32-bit logits.") {
      let wide = model(try layer(isWide: true), input: [2], shape: [1])
      return IntegerModel(
        nodes: wide.nodes + [IntegerNode("copy", .reshape, inputs: [1], shape: [1], grid: grid)], output: 2)
    },
    node("node 'n': input 4x4 is neither an image nor a vector.") {
      model(.maxPool(WindowGeometry(kernel: [2, 2])), input: [4, 4], shape: [4])
    },
    node(
      "node 'n': a window of [1, 1], stride [1, 1], dilation [1, 1], padding [0, 0] in 3 groups does not give 4x4x1 of 4x4x2."
    ) { model(try layer(groups: 3), shape: [4, 4, 1]) },
    node("node 'n': inputs [4x4x2] do not concatenate to 4x4x3.") {
      model(.concatenate([[UInt8](repeating: 0, count: 256)]), shape: [4, 4, 3])
    },
    node("node 'n': 1 of 2 channels do not give 4x4x1.") { model(.permuteChannels([5]), shape: [4, 4, 1]) },
    node("node 'n': [4x4x2] does not reshape to 3.") { model(.reshape, shape: [3]) },
    node("node 'n': 4x4x2 does not pad to 2x2x2 from [0, 0, 0].") {
      model(.pad(top: 0, left: 0, front: 0, code: 0), shape: [2, 2, 2])
    },
    node("node 'n': an addition needs two inputs of shape 4x4x2.") {
      model(.add(.init(first: unit, second: unit, result: unit, range: CodeRange())))
    },
    node("node 'n': a product needs an input of shape 4x4x2 and one like it or of its channels.") {
      model(.multiply(unit, CodeRange(), headroom: 0))
    },
    node("node 'n': a table has 256 entries and keeps the shape; found 1.") { model(.table([1])) },
    node("node 'n': 4 multipliers expected, found 1.") {
      model(
        .averagePool(
          WindowGeometry(kernel: [2, 2]), .rescaled([unit], countsPadding: false, headroom: 0)),
        shape: [3, 3, 2])
    },
    node("node 'n': a pool reads one input.") {
      model(.maxPool(WindowGeometry(kernel: [2, 2])), inputs: [0, 0])
    },
    node("node 'n': a window of [2, 2] on 4x4x2 does not give 3x3x3.") {
      model(.maxPool(WindowGeometry(kernel: [2, 2])), shape: [3, 3, 3])
    },
    node("node 'n': 300 levels do not fit a byte. Use at most 256, K * (2^b - 1) + 1.") {
      model(.reshape, grid: IntegerGrid(scale: 1, zeroPoint: 0, levels: 300))
    },
    node(
      "node 'n': integer kernels do not run a grid of scale 0.0, zero point 0 and 256 levels. "
        + "Use equal edges with tensor or channel groups, per value."
    ) { model(.reshape, grid: IntegerGrid(scale: 0, zeroPoint: 0)) },
    node("node 'n': sums may reach 2601000000.0, beyond 2^31. Use fewer bits or a shorter reduction.") {
      model(try layer([UInt8](repeating: 255, count: 40_000)), input: [40_000], shape: [1])
    },
    Refused(
      "packed model: a model begins with its input and has an output; found 0 nodes. The file is damaged; write it again."
    ) { try IntegerEngine(IntegerModel(nodes: [], output: 0)) },
  ]

  private static func built(
    zeroPoint: Int = 0, code: UInt8 = 1, bias: Double = 0
  ) throws -> IntegerModel {
    var builder = IntegerModelBuilder(input: [1], grid: grid)
    let weights = IntegerWeights(codes: [code], levels: 4, scales: [1], zeroPoints: [zeroPoint])
    let output = try builder.add(
      .init(
        "n", shape: [1], window: WindowGeometry(kernel: [1, 1]), weights: weights, bias: [bias], grid: grid),
      input: 0)
    return builder.model(output: output)
  }

  static let builds: [Refused] = [
    node(
      "node 'n': integer kernels do not run zero points [9] of 4 levels. Use equal edges with tensor or channel groups, per value."
    ) { try built(zeroPoint: 9) },
    node(
      "node 'n': integer kernels do not run codes beyond 4 levels. Use equal edges with tensor or channel groups, per value."
    ) { try built(code: 200) },
    node("node 'n': the bias of channel 0 is inf steps, beyond 2^31. Check its weights' range.") {
      try built(bias: .infinity)
    },
    node(
      "node 'n': the ratio of scales 9.999999999999999e+29 is outside 2^-32 ..< 2^30 or overflows the sums. Check the ranges."
    ) {
      var builder = IntegerModelBuilder(input: [1], grid: grid)
      let output = try builder.add(
        sumOf: 0, 0, name: "n", grid: IntegerGrid(scale: 1e-30, zeroPoint: 0))
      return builder.model(output: output)
    },
  ]

  /// A packed model with one section changed.
  private static func unpacked(
    _ model: IntegerModel, _ section: String = "", _ change: (inout [UInt8]) -> Void = { _ in }
  ) throws -> Any {
    let sections = model.packed.sections.map { found in
      var bytes = found.bytes
      if found.name == section { change(&bytes) }
      return PackedFile.Section(found.name, bytes)
    }
    return try IntegerModel(PackedFile(sections: sections))
  }

  private static func section(
    _ problem: String, of name: String = "graph", _ call: @escaping @Sendable () throws -> Any
  ) -> Refused {
    Refused("section '\(name)': \(problem). The file is damaged; write it again.", call)
  }

  static let files: [Refused] = [
    section("node 'n' has extents [2147483648]") { try unpacked(model(.reshape, shape: [1 << 31])) },
    section("multiplier 5 with shift 0 is not normalised") {
      let scale = FixedPointMultiplier(multiplier: 5, shift: 0)
      return try unpacked(model(.multiply(scale, CodeRange(), headroom: 0)))
    },
    section(
      "a window of [70000, 1], stride [1, 1], dilation [1, 1], padding [0, 0] has an entry outside 0 ... 65535"
    ) { try unpacked(model(.maxPool(WindowGeometry(kernel: [70_000, 1])))) },
    section("node 'n' has operation 99") {
      try unpacked(model(.reshape), "graph") { $0[$0.count - 1] = 99 }
    },
    section("layer 'n' has rounding 9") {
      try unpacked(model(layer()), "graph") { $0[$0.count - 5] = 9 }
    },
    section("layer 'n': 1 channels, 2 zero points, 1 shifts") {
      try unpacked(model(layer(zeroPoints: [0, 0])))
    },
    section("5 bytes for 1 values", of: "n/bias") { try unpacked(model(layer()), "n/bias") { $0.append(0) } },
  ]

  private static func copy() throws -> IntegerEngine {
    var builder = IntegerModelBuilder(input: [3], grid: grid)
    let copy = builder.add(function: { $0 }, of: 0, name: "copy", grid: grid)
    return try IntegerEngine(builder.model(output: copy))
  }

  private static func compiled(
    _ last: any Layer, _ change: (inout QuantizedModel) -> Void = { _ in }
  ) throws -> Any {
    var graph = Graph(input: [2])
    let first = try graph.add(Linear(inFeatures: 2, features: 2), [0], name: "first")
    let soft = try graph.add(last, [first], name: "last")
    try graph.add(Linear(inFeatures: 2, features: 2), [soft], name: "head")
    var quantized = try QuantizedModel.quantizing(
      Model(graph: graph, seed: 1),
      QuantizationOptions(weights: GridSpecification(bits: 8), activations: GridSpecification(bits: 8)),
      calibration: Tensor([2, 2], [0, 1, 0.5, 0.25]))
    change(&quantized)
    return try quantized.compiled()
  }

  static let uses: [Refused] = [
    Refused("the network reads a batch of 3, got 2x4.") { try copy().logits(of: Tensor(zeros: [2, 4])) },
    Refused("the network reads 3 codes an image, got 1 codes.") { try copy().logits(ofCodes: [1]) },
    Refused("the network reads [3] codes for node 'copy', got [1] codes.") {
      try copy().output(ofNode: 1, from: [[1]])
    },
    Refused("input value 1 is NaN or infinite. Clean the images.") {
      try copy().logits(of: Tensor([1, 3], [0, .nan, 0]))
    },
    Refused(
      "'head.weight' is not quantized; integer inference needs a grid for every weight and activation. Quantize it too."
    ) { try compiled(ReLU()) { $0.weightGrids["head.weight"] = nil } },
    Refused(
      "node 'last': layer 'softmax' has no integer form. Replace it, or keep the model fake-quantized."
    ) { try compiled(Softmax()) },
    Refused(
      "mode 'published' leaves 25.0 % of the values in FP32, so there is no integer form. Quantize with mode 'clamp'."
    ) {
      try compiled(ReLU()) {
        $0.weightGrids["head.weight"] = try? GridSpecification(bits: 2, intervals: 4, mode: .published).fit(
          to: Tensor([2, 2], [0, 1, 2, 3]))
      }
    },
  ]

  @Test(arguments: nodes + builds + files + uses) func whatIntegersCannotDoIsExplained(_ refused: Refused) {
    #expect(refused.outcome == refused.message)
  }
}
