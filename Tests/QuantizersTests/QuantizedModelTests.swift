import Layers
import Quantizers
import Tensors
import Testing

@Suite struct QuantizedModelTests {
  /// conv bn relu, conv, add, relu, max pool, conv hard_swish, concat, average, flatten, linear.
  func network() throws -> Model {
    var graph = Graph(input: [8, 8, 3])
    func window(_ k: Int) -> Window { Window(kernel: [k, k], padding: [k / 2, k / 2, k / 2, k / 2]) }
    let stem = try graph.add(
      Conv2d(inChannels: 3, filters: 6, window: window(3), hasBias: false), [0], name: "stem")
    let bn = try graph.add(BatchNorm(channels: 6), [stem], name: "bn")
    let relu = try graph.add(ReLU(), [bn], name: "relu")
    let body = try graph.add(Conv2d(inChannels: 6, filters: 6, window: window(3)), [relu], name: "body")
    let sum = try graph.add(Add(), [body, relu], name: "sum")
    let after = try graph.add(ReLU(), [sum], name: "after")
    let pool = try graph.add(MaxPool(window: Window(kernel: [2, 2], stride: [2, 2])), [after], name: "pool")
    let swish = try graph.add(Conv2d(inChannels: 6, filters: 4, window: window(1)), [pool], name: "point")
    let hard = try graph.add(HardSwish(), [swish], name: "hard")
    let both = try graph.add(Concat(), [pool, hard], name: "both")
    let mean = try graph.add(GlobalAveragePool(), [both], name: "mean")
    let features = graph.nodes[mean].shape
    let flat = features.rank == 1 ? mean : try graph.add(Flatten(), [mean], name: "flat")
    try graph.add(Linear(inFeatures: 10, features: 5), [flat], name: "logits")
    return Model(graph: graph, seed: 4)
  }

  /// Images whose values are pixels.
  func pixels(_ count: Int) -> Tensor {
    var random = RandomSource(seed: 2)
    let shape: Shape = [count, 8, 8, 3]
    return Tensor(shape, (0..<shape.count).map { _ in Float(random.integer(below: 256)) / 255 })
  }

  let options = QuantizationOptions(
    weights: GridSpecification(bits: 2, intervals: 4, observer: .lpSearch()),
    activations: GridSpecification(bits: 4))

  @Test func valuesAreQuantizedWhereIntegersNeedThem() throws {
    let model = try network().foldingBatchNorm()
    let plan = try QuantizationPlan(model.graph, options)
    #expect(plan.weights.map(\.key) == ["stem.weight", "body.weight", "point.weight", "logits.weight"])
    #expect(plan.weights.map(\.role) == [.first, .regular, .regular, .last])
    #expect(
      plan.activations.map(\.key) == ["input", "relu", "body", "after", "point", "hard", "both", "mean"])
    // 8 bits behind the first layer, before a sum or a hard swish and in front of the last layer, elsewhere the given 4.
    #expect(plan.activations.map(\.specification.bits) == [8, 8, 8, 4, 8, 4, 4, 8])
    #expect(plan.activations[1].role == .first && plan.activations.last?.role == .last)
    var same = options
    same.firstLast = nil
    let uniform = try QuantizationPlan(model.graph, same)
    #expect(
      uniform.weights.allSatisfy {
        $0.specification as? GridSpecification == options.weights as? GridSpecification
      })
    #expect(uniform.activations.map(\.specification.bits) == [8, 4, 8, 4, 8, 4, 4, 4])
  }

  @Test func memoryHoldsWhatIsReadLaterAndWhatIsWritten() throws {
    let quantized = try QuantizedModel.quantizing(network(), options, calibration: pixels(4))

    let steps = quantized.memorySteps

    // The ReLUs belong to stem and sum; flattening moves nothing.
    #expect(
      steps.map(\.node).filter { $0 != "flat" } == [
        "stem", "body", "sum", "pool", "point", "hard", "both", "mean", "logits",
      ])
    func alive(_ node: String) -> [String] {
      steps.first { $0.node == node }?.alive.map { "\($0.key) \($0.count)" } ?? []
    }
    #expect(alive("stem") == ["input 192", "relu 384"])
    #expect(alive("body") == ["relu 384", "body 384"])
    #expect(alive("sum") == ["relu 384", "body 384", "after 384"])
    // A max pool keeps the grid of what it reads, in a place of its own.
    #expect(alive("pool") == ["after 384", "after 96"])
    #expect(alive("point") == ["after 96", "point 64"])
    #expect(alive("both") == ["after 96", "hard 64", "both 160"])
    #expect(alive("logits") == ["mean 10"])
  }

  @Test func aValueIsInMemoryFromItsProductOnWhereverItsReLUStands() throws {
    var graph = Graph(input: [4, 4, 2])
    func conv(_ name: String) throws -> NodeIndex {
      try graph.add(Conv2d(inChannels: 2, filters: 3, window: Window(kernel: [1, 1])), [0], name: name)
    }
    let (a, b) = (try conv("a"), try conv("b"))
    let (ra, rb) = (try graph.add(ReLU(), [a], name: "ra"), try graph.add(ReLU(), [b], name: "rb"))
    let sum = try graph.add(Add(), [ra, rb], name: "sum")
    try graph.add(
      Linear(inFeatures: 48, features: 2), [try graph.add(Flatten(), [sum], name: "flat")], name: "head")
    var random = RandomSource(seed: 1)
    let quantized = try QuantizedModel.quantizing(
      Model(graph: graph, seed: 1), options,
      calibration: Tensor([2, 4, 4, 2], (0..<64).map { _ in random.normal() }))

    let step = quantized.memorySteps.first { $0.node == "b" }

    #expect(step?.alive.map(\.key) == ["input", "ra", "rb"])
  }

  @Test func aNodeMayHaveAGridOfItsOwn() throws {
    var own = options
    own.nodes = ["after": GridSpecification(bits: 2)]
    let quantized = try QuantizedModel.quantizing(network(), own, calibration: pixels(4))
    #expect(quantized.plan.activations.first { $0.key == "after" }?.specification.bits == 2)
    #expect(quantized.activationGrids["after"]?.levels(group: 0).count == 4)

    own.nodes = ["aftre": GridSpecification(bits: 2)]
    #expect(throws: QuantizationError.self) { try QuantizationPlan(network().foldingBatchNorm().graph, own) }
  }

  /// As the shortcuts of CIFAR ResNets do: what they choose lies on a grid already.
  @Test func aPoolOfSingleValuesKeepsTheGridOfWhatItReads() throws {
    var graph = Graph(input: [4, 4, 2])
    let pool = AveragePool(window: Window(kernel: [1, 1], stride: [2, 2]))
    let mean = AveragePool(window: Window(kernel: [2, 2]))
    let relu = try graph.add(
      ReLU(),
      [graph.add(Conv2d(inChannels: 2, filters: 3, window: Window(kernel: [1, 1])), [0], name: "conv")],
      name: "relu")
    let chosen = try graph.add(pool, [relu], name: "chosen")
    let flat = try graph.add(Flatten(), [try graph.add(mean, [chosen], name: "mean")], name: "flat")
    try graph.add(Linear(inFeatures: 3, features: 2), [flat], name: "head")

    let plan = try QuantizationPlan(graph, options)

    #expect(plan.activations.map(\.key) == ["input", "relu", "mean"])
  }

  @Test func pixelsHaveTheirOwnGridAndOtherInputsAreFitted() throws {
    let model = try network()
    let onPixels = try QuantizedModel.quantizing(model, options, calibration: pixels(5))
    let grid = try #require(onPixels.activationGrids["input"] as? RegionGrid)
    #expect(grid.uniformForm(group: 0) == UniformForm(scale: 1.0 / 255, zeroPoint: 0, levelCount: 256))
    let x = pixels(2)
    #expect(zip(try grid.fakeQuantized(x).values, x.values).allSatisfy { abs($0 - $1) < 1e-7 })
    let normal = try QuantizedModel.quantizing(model, options, calibration: Samples.normal([5, 8, 8, 3]))
    let fitted = try #require(normal.activationGrids["input"] as? RegionGrid)
    #expect(fitted.uniformForm(group: 0)?.levelCount == 256)
    #expect(fitted.uniformForm(group: 0)?.zeroPoint != 0)
  }

  @Test func everyPlannedValueIsALevel() throws {
    let quantized = try QuantizedModel.quantizing(network(), options, calibration: pixels(40))
    var seen = 0
    _ = try quantized.model.forward(pixels(3), transforms: quantized.transforms(), execution: Execution()) {
      node, value in
      guard let grid = quantized.activationGrids[quantized.model.graph.nodes[node].name] else { return }
      let levels = Set(grid.levels(group: 0))
      #expect(value.values.allSatisfy(levels.contains))
      seen += 1
    }
    #expect(seen == 8)
    let logits = try quantized.forward(pixels(3))
    #expect(logits.shape == [3, 5])
  }

  @Test func manyBitsChangeLittle() throws {
    let model = try network()
    let fine = QuantizationOptions(
      weights: GridSpecification(bits: 8, group: .channel(axis: 0)), activations: GridSpecification(bits: 8))
    let x = pixels(20)
    let exact = try model.foldingBatchNorm().forward(x, execution: Execution())
    let quantized = try QuantizedModel.quantizing(model, fine, calibration: x).forward(x)
    let size = exact.values.map(abs).max() ?? 0
    for i in 0..<exact.count { #expect(abs(exact[i] - quantized[i]) < 0.05 * size) }
  }

  @Test func summariesCountEveryLayer() throws {
    let quantized = try QuantizedModel.quantizing(network(), options, calibration: pixels(5))
    let summary = try quantized.summary()
    #expect(summary.weights.map(\.key) == quantized.plan.weights.map(\.key))
    #expect(summary.weights.map(\.levels) == [256, 13, 13, 256])
    #expect(summary.weights.map(\.storage.stored) == [8, 4, 4, 8])
    #expect(summary.activations.map(\.storage.count) == [192, 384, 384, 384, 64, 64, 160, 10])
    let parameters = quantized.model.parameters.values.reduce(0) { $0 + $1.count }
    #expect(try quantized.packedByteCount() < 4 * parameters)
    let plain = try QuantizedModel.quantizing(
      network(), QuantizationOptions(weights: nil, activations: nil), calibration: pixels(1))
    #expect(try plain.packedByteCount() == 4 * parameters)
  }

  @Test func refittingFollowsTheWeights() throws {
    var quantized = try QuantizedModel.quantizing(network(), options, calibration: pixels(5))
    let key = "body.weight"
    let before = try #require(quantized.weightGrids[key] as? RegionGrid)
    let weight = try #require(quantized.model.parameters[key])
    quantized.model.parameters[key] = Tensor(weight.shape, weight.values.map { $0 * 2 })
    try quantized.refitWeights()
    let after = try #require(quantized.weightGrids[key] as? RegionGrid)
    #expect(after.scales == before.scales.map { $0 * 2 })
  }

  @Test func samplesKeepTheExtremes() throws {
    var few = options
    few.activations = GridSpecification(bits: 8)
    let all = try QuantizedModel.quantizing(network(), few, calibration: pixels(40))
    few.sampleLimit = 10
    let sampled = try QuantizedModel.quantizing(network(), few, calibration: pixels(40))
    for (name, grid) in all.activationGrids {
      #expect(grid as? RegionGrid == sampled.activationGrids[name] as? RegionGrid, "\(name)")
    }
  }

  @Test func valuesThatAreNotFiniteNameTheirPlace() throws {
    var broken = try network()
    let weight = try #require(broken.parameters["body.weight"])
    broken.parameters["body.weight"] = Tensor(
      weight.shape, weight.values.enumerated().map { $0.offset == 7 ? .nan : $0.element })
    #expect {
      try QuantizedModel.quantizing(broken, options, calibration: pixels(2))
    } throws: {
      "\($0)" == "body.weight: 1 of 324 values are NaN or infinite, the first at index 7; "
        + "check the weights or the calibration images"
    }
    broken.parameters["body.weight"] = weight
    broken.parameters["body.bias"] = Tensor([6], repeating: .infinity)
    #expect {
      try QuantizedModel.quantizing(broken, options, calibration: pixels(2))
    } throws: {
      "\($0)".hasPrefix("body: 770 of 770 values are NaN or infinite, the first at index 0;")
    }
  }

  @Test func emptyCalibrationIsRefused() throws {
    #expect(throws: QuantizationError.emptyCalibration("the activations")) {
      try QuantizedModel.quantizing(network(), options, calibration: Tensor(zeros: [0, 8, 8, 3]))
    }
    var blocks = options
    blocks.activations = GridSpecification(bits: 4, group: .block(size: 8))
    #expect(throws: QuantizationError.self) {
      try QuantizedModel.quantizing(network(), blocks, calibration: pixels(1))
    }
  }
}
