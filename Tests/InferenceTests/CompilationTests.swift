import Inference
import Layers
import Packing
import Quantizers
import Tensors
import Testing

/// A quantized model and its integer form compute the same network.
struct CompilationTests {
  static let names = ["augq2", "augq4", "uniform8", "augq2 per tensor"]

  static func options(
    _ name: String, weights change: (inout GridSpecification) -> Void = { _ in }
  ) -> QuantizationOptions {
    let bits = name == "uniform8" ? 8 : name == "augq4" ? 4 : 2
    let intervals = name == "uniform8" ? 1 : 4
    var weights = GridSpecification(
      bits: bits, intervals: intervals, group: name == "augq2 per tensor" ? .tensor : .channel(axis: 0))
    change(&weights)
    return QuantizationOptions(
      weights: weights,
      activations: GridSpecification(bits: bits, intervals: intervals),
      firstLast: name == "augq2 per tensor" ? nil : .eightBit)
  }

  private func quantized(_ options: QuantizationOptions) throws -> QuantizedModel {
    let model = try FakeQuantizedNetwork.network()
    return try .quantizing(model, options, calibration: FakeQuantizedNetwork.images(32))
  }

  @Test(arguments: names)
  func logitsDifferOnlyWhereFeaturesDo(_ name: String) throws {
    let model = try quantized(Self.options(name))
    let engine = try model.compiled()
    let images = FakeQuantizedNetwork.images(256)
    var features = Tensor([1], [0])
    let flat = try #require(model.model.graph.index(of: "flat"))
    let fake = try model.model.forward(images, transforms: model.transforms(), execution: Execution()) {
      if $0 == flat { features = $1 }
    }

    let logits = try engine.logits(of: images)

    guard case .convolution(let last) = engine.model.nodes[engine.model.output].operation else { return }
    // Equal features: half a step of the logits, half a step of the bias (a multiplier in logits), FP32 of the reference.
    let flatNode = try #require(engine.model.nodes.firstIndex { $0.name == "flat" })
    let grid = engine.model.nodes[flatNode].grid
    let codes = features.values.map { Int(grid.code(of: Double($0))) }
    var equalFeatures = 0
    var equalTop = 0
    for image in 0..<256 {
      let input = images.rows(image..<(image + 1)).values.map { engine.inputGrid.code(of: Double($0)) }
      let found = try engine.activations(ofCodes: input)[flatNode].map { Int($0) }
      let row = (0..<10).map { fake[image * 10 + $0] }
      if row[logits.predictions[image]] == row.max() { equalTop += 1 }
      guard found == Array(codes[(image * 16)..<((image + 1) * 16)]) else { continue }
      equalFeatures += 1
      for o in 0..<10 {
        let difference = Double(logits.values[image * 10 + o]) * logits.scale - Double(row[o])
        let bound = 0.5 * logits.scale * (1 + last.multipliers[o].value)
        #expect(abs(difference) <= bound + 1e-5 * Double(abs(row[o]) + 1))
      }
    }
    print("\(name): features equal for \(equalFeatures) of 256 images, top-1 for \(equalTop)")
    #expect(equalFeatures >= 240 && equalTop >= 254)
  }

  @Test(arguments: [1e-12, 1e-9, 1e-6] as [Float])
  func channelOfNearlyNoWeightCompilesWithItsBias(_ magnitude: Float) throws {
    var graph = Graph(input: [4, 4, 2])
    let conv = try graph.add(
      Conv2d(inChannels: 2, filters: 3, window: Window(kernel: [3, 3], padding: [1, 1, 1, 1])), [0],
      name: "conv")
    let relu = try graph.add(ReLU(), [conv], name: "relu")
    let flat = try graph.add(Flatten(), [relu], name: "flat")
    try graph.add(Linear(inFeatures: 48, features: 2), [flat], name: "head")
    var model = Model(graph: graph, seed: 4)
    model.parameters["conv.bias"] = Tensor([3], [0.1, 0.7, -0.2])
    model.parameters["conv.weight"]?.withMutableValues { weights in
      for index in 18..<36 { weights[index] *= magnitude }
    }
    var random = RandomSource(seed: 6)
    let images = Tensor([16, 4, 4, 2], (0..<512).map { _ in random.uniform() })
    let grid = GridSpecification(bits: 8, group: .channel(axis: 0))
    let quantized = try QuantizedModel.quantizing(
      model, QuantizationOptions(weights: grid, activations: GridSpecification(bits: 8)), calibration: images)
    var fake = Tensor([1], [0])
    _ = try quantized.model.forward(images, transforms: quantized.transforms(), execution: Execution()) {
      if $0 == relu { fake = $1 }
    }

    let engine = try quantized.compiled()

    let node = try #require(engine.model.nodes.firstIndex { $0.name == "relu" || $0.name == "conv" })
    let outputGrid = engine.model.nodes[node].grid
    let found = try (0..<16).flatMap { image in
      let codes = images.rows(image..<image + 1).values.map { engine.inputGrid.code(of: Double($0)) }
      return try engine.activations(ofCodes: codes)[node].map { Float(outputGrid.value(Int($0))) }
    }
    #expect(found.count == fake.count)
    #expect(zip(found, fake.values).allSatisfy { abs($0 - $1) <= Float(1.01 * outputGrid.scale) })
    // The bias alone decides the channel.
    #expect(
      stride(from: 1, to: found.count, by: 3).allSatisfy { abs(found[$0] - 0.7) <= Float(outputGrid.scale) })
  }

  @Test func packedWeightsTakeTheStoredBits() throws {
    let model = try quantized(Self.options("augq2 per tensor")).integerModel()
    for node in model.nodes {
      guard case .convolution(let layer) = node.operation else { continue }
      #expect(layer.weights.bits == 4, "13 levels of \(node.name)")
    }
  }

  @Test func publishedModeIsRefusedWithItsShare() throws {
    let model = try quantized(Self.options("augq2 per tensor") { $0.mode = .published })

    let error = #expect(throws: InferenceError.self) { try model.compiled() }

    guard case .unquantizedValues(let percent)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(percent > 0 && percent < 100)
  }

  static let tables: [(name: String, weights: any GridRecipe, activations: any GridRecipe)] = [
    (
      "unequal edges",
      GridSpecification(bits: 3, intervals: 3, group: .channel(axis: 0), edges: .fractions([0.3, 0.6])),
      GridSpecification(bits: 3, intervals: 4, edges: .fractions([0.1, 0.3, 0.6]))
    ),
    ("blocks", GridSpecification(bits: 4, group: .block(size: 8)), GridSpecification(bits: 6)),
    (
      "block-chosen intervals", GridSpecification(bits: 4, intervals: 4, choice: .perBlock(size: 8)),
      GridSpecification(bits: 6)
    ),
    (
      "codebooks", CodebookSpecification(.kMeans(), bits: 4, group: .channel(axis: 0)),
      CodebookSpecification(.kMeans(), bits: 5)
    ),
  ]

  @Test(arguments: tables.indices) func levelsWithoutAnAffineFormBecomeTables(_ index: Int) throws {
    let table = Self.tables[index]
    let model = try quantized(QuantizationOptions(weights: table.weights, activations: table.activations))
    let images = FakeQuantizedNetwork.images(128)
    let fake = try model.forward(images)

    let engine = try model.compiled()

    let logits = try engine.logits(of: images)
    let predictions = (0..<128).map { image in
      let row = (0..<10).map { fake[image * 10 + $0] }
      return row.firstIndex(of: row.max() ?? 0)
    }
    let equal = zip(predictions, logits.predictions).count { $0 == $1 }
    #expect(equal >= 118, "\(table.name): \(equal) of 128")
    // Every activation of the engine is a level of its grid, up to half a code.
    for (name, grid) in model.activationGrids where (grid as? RegionGrid)?.isUniform != true {
      let node = try #require(engine.model.nodes.firstIndex { $0.name == name + ".levels" })
      let codes = try engine.activations(
        ofCodes: images.rows(0..<1).values.map { engine.inputGrid.code(of: Double($0)) })
      let own = engine.model.nodes[node].grid
      let levels = grid.levels(group: 0)
      for code in Set(codes[node]) {
        let value = Float(own.value(Int(code)))
        #expect(levels.contains { abs($0 - value) <= 0.501 * Float(own.scale) }, "\(name) \(value)")
      }
    }
  }

  @Test func valuesInFP32AreNamed() throws {
    var open = Self.options("augq2")
    open.weights = nil
    #expect(throws: InferenceError.notQuantized("stem.weight")) { try quantized(open).compiled() }
  }
}
