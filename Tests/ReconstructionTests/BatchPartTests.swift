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

  static func quantized() throws -> QuantizedModel {
    try QuantizedModel.quantizing(
      model,
      QuantizationOptions(
        weights: GridSpecification(bits: 3, group: .channel(axis: 0), observer: .meanSquaredError()),
        activations: GridSpecification(bits: 4, observer: .meanSquaredError()), firstLast: nil),
      calibration: images)
  }

  @Test func lossOfAStepIsThatOfTheBatch() throws {
    let network = try Self.quantized()
    let region = try Self.model.graph.region(from: 0, to: Self.model.graph.output)
    let target = try Self.model.forward(Self.images, execution: Execution(threads: 2))
    var options = ReconstructionOptions()
    options.rounding = .nearest
    options.quantizedShare = 1
    var unit = try UnitReconstruction(region, of: [network], Self.model, options)
    var parts: [Range<Int>] = []
    func rows(_ x: Tensor, _ range: Range<Int>) -> Tensor {
      let size = x.shape.droppingFirst.count
      return Tensor(
        x.shape.droppingFirst.batched(range.count),
        x.values[range.lowerBound * size..<range.upperBound * size])
    }

    let loss = try unit.step(0, images: 24, execution: Execution()) { images, _ in
      parts.append(images)
      return UnitBatch(inputs: [rows(Self.images, images)], target: rows(target, images), weight: nil)
    }

    #expect(parts.count > 1 && parts.map(\.count).reduce(0, +) == 24)
    let part = try network.model.part(region)
    let output = try part.forward(
      Self.images, transforms: network.transformsBehindInput, execution: Execution(threads: 2))
    let expected = try Loss.reconstruction(target: target).value(of: output).loss
    // Values at the boundary between two levels may fall either way.
    #expect(abs(loss - expected) < 1e-3 * expected)
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
