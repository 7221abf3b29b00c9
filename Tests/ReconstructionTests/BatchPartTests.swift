import Layers
import Quantizers
import Tensors
import Testing

@testable import Reconstruction

/// Steps on images so large that a batch runs through its unit in parts.
@Suite struct BatchPartTests {
  static let model: Model = {
    var graph = Graph(input: [32, 32, 16])
    func conv() throws -> Conv2d {
      try Conv2d(inChannels: 16, filters: 16, window: Window(kernel: [3, 3], padding: [1, 1, 1, 1]))
    }
    do {
      let a = try graph.add(ReLU(), [graph.add(conv(), [0], name: "a")], name: "a_relu")
      let b = try graph.add(conv(), [a], name: "b")
      try graph.add(ReLU(), [graph.add(Add(), [b, 0], name: "sum")], name: "relu")
    } catch {
      preconditionFailure("\(error)")
    }
    return Model(graph: graph, seed: 3)
  }()

  static let images: Tensor = {
    var random = RandomSource(seed: 8)
    return Tensor([24, 32, 32, 16], (0..<24 * 16_384).map { _ in max(0, random.normal()) })
  }()

  static func quantized(activationBits: Int = 4, rounding: Rounding = .nearest) throws -> QuantizedModel {
    try QuantizedModel.quantizing(
      model,
      QuantizationOptions(
        weights: GridSpecification(bits: 3, group: .channel(axis: 0), observer: .meanSquaredError()),
        activations: GridSpecification(
          bits: activationBits, observer: .meanSquaredError(), rounding: rounding), firstLast: nil),
      calibration: images)
  }

  static let target: Tensor = {
    do {
      return try model.forward(images, execution: Execution(threads: 2))
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  static func rows(_ x: Tensor, _ range: Range<Int>) -> Tensor {
    let size = x.shape.droppingFirst.count
    return Tensor(
      x.shape.droppingFirst.batched(range.count), x.values[range.lowerBound * size..<range.upperBound * size])
  }

  static func unit(_ networks: [QuantizedModel], _ options: ReconstructionOptions) throws
    -> UnitReconstruction
  {
    try UnitReconstruction(
      model.graph.region(from: 0, to: model.graph.output), of: networks, model, options)
  }

  @Test func lossOfAStepIsThatOfTheBatch() throws {
    let network = try Self.quantized()
    var options = ReconstructionOptions()
    options.rounding = .nearest
    options.quantizedShare = 1
    var unit = try Self.unit([network], options)
    var parts: [Range<Int>] = []

    let loss = try unit.step(0, images: 24, execution: Execution()) { images, _ in
      parts.append(images)
      return UnitBatch(
        inputs: [Self.rows(Self.images, images)], target: Self.rows(Self.target, images), weight: nil)
    }

    #expect(parts.count > 1 && parts.map(\.count).reduce(0, +) == 24)
    let part = try network.model.part(Self.model.graph.region(from: 0, to: Self.model.graph.output))
    let output = try part.forward(
      Self.images, transforms: network.transformsBehindInput, execution: Execution(threads: 2))
    let expected = try Loss.reconstruction(target: Self.target).value(of: output).loss
    // Values at the boundary between two levels may fall either way.
    #expect(abs(loss - expected) < 1e-3 * expected)
  }

  static let policies: [RoundingPolicy] = [.adaRound(AdaRoundSettings()), .adaQuant(), .nearest]

  /// Gradients of a step behind the warm-up, with weighted errors.
  func gradients(
    _ networks: [QuantizedModel], _ options: ReconstructionOptions, imagesPerPart: Int
  ) throws -> (values: [String: Tensor], ranges: [[String: [Float]]], parts: Int) {
    var unit = try Self.unit(networks, options)
    unit.imagesPerPart = imagesPerPart
    unit.prepare(options.iterations - 1)
    var random = RandomSource(seed: 12)
    let weight = Tensor(Self.target.shape, (0..<Self.target.count).map { _ in random.uniform() })
    var parts = 0
    let found = try unit.gradients(images: 24, Execution()) { images, _ in
      parts += 1
      return UnitBatch(
        inputs: networks.map { _ in Self.rows(Self.images, images) }, target: Self.rows(Self.target, images),
        weight: Self.rows(weight, images))
    }
    return (found.gradients, unit.activationRanges.map { $0.mapValues(\.gradient) }, parts)
  }

  @Test(arguments: policies)
  func gradientsOfPartsAreThoseOfTheBatch(_ rounding: RoundingPolicy) throws {
    let networks = try [Self.quantized(), Self.quantized(activationBits: 3)]
    var options = ReconstructionOptions()
    options.rounding = rounding
    options.quantizedShare = 0.5
    options.ranges = .learned()
    options.biases = .learned()

    let whole = try gradients(networks, options, imagesPerPart: .max)
    let parts = try gradients(networks, options, imagesPerPart: 1)

    #expect(whole.parts == 1 && parts.parts > 8)
    #expect(whole.values.keys.sorted() == ["a.bias", "a.weight", "b.bias", "b.weight"])
    for (key, expected) in whole.values {
      let found = try #require(parts.values[key])
      let largest = expected.values.map(abs).max() ?? 0
      let worst = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(largest > 0 && worst <= 1e-3 * largest, "\(key)")
    }
    for (found, expected) in zip(parts.ranges, whole.ranges) {
      #expect(!expected.isEmpty && found.keys == expected.keys)
      for (name, factors) in expected {
        let gradient = try #require(found[name])
        #expect(abs(gradient[0] - factors[0]) <= 1e-3 * abs(factors[0]), "\(name)")
      }
    }
  }

  @Test func twoEqualNetworksGiveTwiceTheGradientOfOne() throws {
    let network = try Self.quantized()
    var options = ReconstructionOptions()
    options.rounding = .adaRound(AdaRoundSettings(regularization: 0.5))
    options.quantizedShare = 1

    let one = try gradients([network], options, imagesPerPart: 4).values
    let two = try gradients([network, network], options, imagesPerPart: 4).values

    for (key, gradient) in one {
      let doubled = try #require(two[key])
      let largest = gradient.values.map(abs).max() ?? 0
      let worst = zip(doubled.values, gradient.values).map { abs($0 - 2 * $1) }.max() ?? .infinity
      #expect(worst <= 1e-4 * largest, "\(key)")
    }
  }

  @Test func drawnRoundingSeesTheWholeBatch() throws {
    var options = ReconstructionOptions()
    options.quantizedShare = 1

    let drawn = try Self.unit([Self.quantized(rounding: .stochastic(seed: 4))], options)
    let nearest = try Self.unit([Self.quantized()], options)

    #expect(drawn.imagesPerPart > 24 && nearest.imagesPerPart < 24)
  }

  @Test func drawsAndGradientsOfPartsAreThoseOfTheBatch() throws {
    let network = try Self.quantized()
    let grid = try #require(network.activationGrids["a_relu"])
    let range = LearnedRange(grid)
    range.quantizedShare = 0.5
    range.key = 77
    var random = RandomSource(seed: 9)
    let x = Tensor([6, 32, 32, 16], (0..<6 * 16_384).map { _ in random.normal() })
    let gradient = Tensor(x.shape, (0..<x.count).map { _ in random.normal() })
    func values(_ images: Range<Int>, _ t: Tensor) -> Tensor {
      Tensor([images.count, 32, 32, 16], t.values[images.lowerBound * 16_384..<images.upperBound * 16_384])
    }
    func pass(_ images: Range<Int>) throws -> (output: [Float], input: [Float], logFactors: [Double]) {
      let pass = range.pass(firstImage: images.lowerBound)
      let output = try pass.apply(to: values(images, x), execution: Execution())
      let input = try pass.adjoint(values(images, gradient), at: values(images, x), execution: Execution())
      return (output.values, input.values, pass.logFactors)
    }

    let whole = try pass(0..<6)
    let parts = try [pass(0..<1), pass(1..<4), pass(4..<6)]

    #expect(parts.flatMap(\.output) == whole.output)
    #expect(parts.flatMap(\.input) == whole.input)
    let kept = zip(whole.output, x.values).count { $0 == $1 }
    #expect(kept > x.count * 4 / 10 && kept < x.count * 6 / 10)
    for group in whole.logFactors.indices {
      let sum = parts.reduce(0) { $0 + $1.logFactors[group] }
      #expect(abs(sum - whole.logFactors[group]) <= 1e-6 * abs(whole.logFactors[group]))
    }
  }

  @Test func threadsDoNotChangeABit() throws {
    var options = ReconstructionOptions()
    options.iterations = 8
    options.rounding = .adaQuant()
    options.batch = 24
    options.input = .mixed(quantizedShare: 0.5)
    options.ranges = .learned()
    options.quantizedShare = 0.5
    let region = try Self.model.graph.region(from: 0, to: Self.model.graph.output)
    func run(threads: Int) throws -> (parameters: [String: [Float]], factors: [[String: [Float]]]) {
      let journal = NetworkReconstructionTests.Memory()
      var run = try NetworkReconstruction(
        [Self.quantized()], units: [ReconstructionUnit(name: "block", region: region)],
        calibration: Self.images)
      _ = try run.run(options, journal: journal, execution: Execution(threads: threads))
      let factors = try #require(journal.results[0]).activationFactors
      return (run.networks[0].model.parameters.mapValues(\.values), factors)
    }

    let (one, three) = try (run(threads: 1), run(threads: 3))

    #expect(one.parameters == three.parameters && one.factors == three.factors)
    #expect(one.factors[0].values.contains { $0 != [1] })
  }
}
