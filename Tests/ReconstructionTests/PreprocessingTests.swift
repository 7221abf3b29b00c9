import Layers
import Quantizers
import TestSupport
import Tensors
import Testing

@testable import Reconstruction

@Suite struct PreprocessingTests {
  private let samples = ClosedFormSamples.self
  private let execution = Execution(threads: 2)

  /// Networks whose channels have very different ranges, as after folding batch norms.
  static let models: [String: @Sendable () throws -> Model] = [
    "depthwise triple": { skewed(try ClosedFormSamples.chain()) },
    "max pool and groups": {
      try chain([8, 8, 3]) { builder in
        try builder.conv(12)
        try builder.add(ReLU())
        try builder.add(MaxPool(window: Window(kernel: [2, 2], stride: [2, 2])))
        try builder.conv(8, groups: 4)
        try builder.add(AveragePool(window: Window(kernel: [2, 2], padding: [0, 0, 1, 1])))
        try builder.conv(6)
      }
    },
    "spread flatten": {
      try chain([4, 4, 3]) { builder in
        try builder.conv(5)
        try builder.add(ReLU())
        try builder.add(Flatten())
        try builder.linear(7)
        try builder.add(ReLU())
        try builder.linear(4)
      }
    },
    "residual": {
      try chain([6, 6, 4]) { builder in
        try builder.conv(4)
        let shortcut = builder.last
        try builder.add(ReLU())
        try builder.conv(8)
        try builder.add(ReLU())
        try builder.conv(4)
        try builder.add(Add(), with: shortcut)
        try builder.conv(5)
        try builder.add(ReLU6())
        try builder.conv(3)
      }
    },
  ]

  static func model(_ name: String) throws -> Model {
    let make = try #require(models[name])
    return try make()
  }

  struct Builder {
    var graph: Graph
    var last = 0

    mutating func add(_ layer: any Layer, with other: NodeIndex? = nil) throws {
      last = try graph.add(layer, [last] + (other.map { [$0] } ?? []), name: "n\(graph.nodes.count)")
    }

    mutating func conv(_ filters: Int, groups: Int = 1) throws {
      let channels = graph.nodes[last].shape[-1]
      let layer = try Conv2d(
        inChannels: channels, filters: filters, window: ClosedFormSamples.same, groups: groups,
        hasBias: last % 2 == 0)
      try add(layer)
    }

    mutating func linear(_ features: Int) throws {
      try add(Linear(inFeatures: graph.nodes[last].shape.count, features: features))
    }
  }

  static func chain(_ input: Shape, _ build: (inout Builder) throws -> Void) throws -> Model {
    var builder = Builder(graph: Graph(input: input))
    try build(&builder)
    return skewed(Model(graph: builder.graph, seed: 11))
  }

  /// Multiplies every output channel by a factor between 1/16 and 16.
  static func skewed(_ model: Model) -> Model {
    var result = model
    var random = RandomSource(seed: 4)
    for key in model.parameters.keys.sorted() where key.hasSuffix("weight") {
      guard let weight = model.parameters[key] else { continue }
      let size = weight.shape.droppingFirst.count
      let factors = (0..<weight.shape[0]).map { _ -> Float in
        Float(sign: .plus, exponent: random.integer(below: 9) - 4, significand: 1)
      }
      result.parameters[key] = Tensor(
        weight.shape, weight.values.enumerated().map { $1 * factors[$0 / size] })
    }
    return result
  }

  /// The largest difference of two networks' outputs relative to the largest output.
  private func difference(_ a: Model, _ b: Model, _ images: Tensor) throws -> Float {
    let (x, y) = (
      try a.forward(images, execution: execution), try b.forward(images, execution: execution)
    )
    let largest = x.values.reduce(0) { max($0, abs($1)) }
    return zip(x.values, y.values).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
  }

  private func images(_ model: Model, _ count: Int = 6) -> Tensor {
    samples.images(model.graph.nodes[0].shape.batched(count))
  }

  private static let stages: [String: @Sendable (Model) throws -> PreprocessedModel] = [
    "equalize": { try $0.scalingChannels() },
    "factorize": { try $0.scalingChannels(.factorize) },
    "split": { try $0.splittingChannels(ChannelSplitting(ratio: 0.3)) },
    "split for 4 bits": { try $0.splittingChannels(ChannelSplitting(ratio: 0.3, bits: 4)) },
    "split twice": {
      try $0.splittingChannels(ChannelSplitting(ratio: 0.1)).model
        .splittingChannels(ChannelSplitting(ratio: 0.1))
    },
  ]

  @Test(
    arguments: models.keys.sorted(), ["equalize", "factorize", "split", "split for 4 bits", "split twice"])
  func outputsStayTheSame(_ name: String, _ stage: String) throws {
    let model = try Self.model(name)

    let run = try #require(Self.stages[stage])
    let changed = try run(model)

    #expect(changed.changed > 0)
    #expect(try difference(model, changed.model, images(model)) < 1e-4)
  }

  @Test(arguments: models.keys.sorted())
  func equalizationMatchesTheRangesOfNeighbours(_ name: String) throws {
    let model = try Self.model(name)

    let equalized = try model.scalingChannels().model

    for pair in equalized.graph.channelPairs {
      let (first, second) = (equalized.graph.nodes[pair.producer], equalized.graph.nodes[pair.consumer])
      let producer = ChannelWeights(first)
      let consumer = ChannelWeights(second, channels: first.shape[-1])
      let r1 = producer.largest(
        equalized.required("\(first.name).weight"), first.shape[-1], producer.outputChannel)
      let r2 = consumer.largest(
        equalized.required("\(second.name).weight"), first.shape[-1], consumer.inputChannel)
      for (a, b) in zip(r1, r2) { #expect(abs(a / b - 1) < 1e-3) }
    }
  }

  @Test func factorizationGivesEveryChannelTheLargestRange() throws {
    let model = try Self.model("depthwise triple")

    let factorized = try model.scalingChannels(.factorize).model

    for name in ["a", "b", "c"] {
      let weight = factorized.required("\(name).weight")
      let size = weight.shape.droppingFirst.count
      let ranges = (0..<weight.shape[0]).map { row in
        weight.values[row * size..<(row + 1) * size].reduce(0) { max($0, abs($1)) }
      }
      #expect(ranges.allSatisfy { abs($0 / ranges[0] - 1) < 1e-5 })
    }
  }

  @Test(arguments: [8, 4])
  func equalizationRescuesPerTensorWeights(_ bits: Int) throws {
    let model = try Self.model("depthwise triple")
    let images = images(model, 16)
    let exact = try model.forward(images, execution: execution)
    let options = QuantizationOptions(
      weights: GridSpecification(bits: bits), activations: nil, firstLast: nil)

    let errors = try [model, model.scalingChannels().model].map { model in
      let quantized = try QuantizedModel.quantizing(model, options, calibration: images)
      return samples.error(try quantized.forward(images), exact)
    }

    #expect(errors[1] < 0.2 * errors[0], "\(errors)")
  }

  @Test func reLU6EndsAChainUntilReplaced() throws {
    let model = try Self.model("residual")

    #expect(model.graph.channelPairs.count == 1)
    let replaced = try model.replacingReLU6()

    #expect(replaced.changed == 1)
    #expect(replaced.model.graph.channelPairs.count == 2)
  }

  @Test func absorptionKeepsOutputsAndNarrowsActivations() throws {
    var model = try Self.chain([6, 6, 4]) { builder in
      try builder.conv(8)
      try builder.add(ReLU())
      let narrow = try Conv2d(inChannels: 8, filters: 6, window: Window(kernel: [1, 1]))
      try builder.add(narrow)
      try builder.add(ReLU())
      try builder.add(GlobalAveragePool())
      try builder.add(Flatten())
      try builder.linear(3)
    }
    // Biases beyond anything the inputs can take away; 10 deviations leave no value below what is absorbed.
    model.parameters["n1.bias"] = Tensor([8], repeating: 2000)
    let images = images(model, 12)

    let absorbed = try model.absorbingBias(calibration: images, deviations: 10)

    #expect(absorbed.changed == 2)
    #expect(try difference(model, absorbed.model, images) < 1e-4)
    let before = try largestActivation(model, "n2", images)
    let after = try largestActivation(absorbed.model, "n2", images)
    #expect(after < 0.8 * before, "\(before) -> \(after)")
  }

  private func largestActivation(_ model: Model, _ node: String, _ images: Tensor) throws -> Float {
    var largest: Float = 0
    let index = model.graph.index(of: node)
    _ = try model.forward(images, execution: execution) { node, value in
      if node == index { largest = value.values.max() ?? 0 }
    }
    return largest
  }

  @Test func absorptionStaysOutOfPaddedConvolutions() throws {
    let model = try Self.model("max pool and groups")

    #expect(try model.absorbingBias(calibration: images(model)).changed == 0)
  }

  @Test(arguments: models.keys.sorted())
  func splittingNarrowsTheRangeOfWeights(_ name: String) throws {
    let model = try Self.model(name)

    let split = try model.splittingChannels(ChannelSplitting(ratio: 0.5)).model

    for node in model.graph.nodes where node.layer?.isWeighted == true {
      let before = model.required("\(node.name).weight")
      let after = split.required("\(node.name).weight")
      guard after.shape[-1] > before.shape[-1] else { continue }
      let ranges = [before, after].map { $0.values.reduce(0) { max($0, abs($1)) } }
      #expect(ranges[1] < ranges[0])
    }
  }

  @Test func halvesRoundToTheRoundedWhole() throws {
    // One channel far above the rest: it is split once, and its halves fill the range.
    let bits = 4
    let network = try Self.chain([2, 2, 3]) { builder in
      try builder.conv(4)
      try builder.add(ReLU())
      try builder.conv(5)
    }
    var model = network
    let weight = model.required("n3.weight")
    model.parameters["n3.weight"] = Tensor(
      weight.shape, weight.values.enumerated().map { $0 % 4 == 1 ? 0.5 + 0.01 * Float($0 % 50) : 0.01 * $1 })

    let split = try model.splittingChannels(ChannelSplitting(ratio: 0.25, bits: bits)).model

    let halves = split.required("n3.weight")
    let whole = model.required("n3.weight").values
    let step = 2 * (whole.map { abs($0) }.max() ?? 0) / 2 / Float((1 << bits) - 1)
    let round = { (x: Float) in (x / step).rounded(.toNearestOrEven) }
    for row in 0..<whole.count / 4 {
      let (a, b) = (halves[row * 5 + 1], halves[row * 5 + 4])
      guard b != 0 else { continue }
      #expect(abs(round(a) + round(b) - round(whole[row * 4 + 1])) < 0.5)
    }
  }

  @Test(.enabled(if: SharedData.isPresent))
  func pretrainedNetworkKeepsItsScores() throws {
    let model = try PretrainedResNet20.model()
    let (images, _) = try PretrainedResNet20.images("test_batch.bin.gz", 0..<16)

    for stage in Self.stages.values {
      #expect(try difference(model, stage(model).model, images) < 1e-4)
    }
  }

  @Test func errorsNameTheFactAndTheRemedy() throws {
    var model = try Self.model("residual")
    let images = images(model)
    let sound = model
    model.parameters["n1.weight"]?[3] = .nan
    let broken = model

    let cases: [(expected: String, run: () throws -> PreprocessedModel)] = [
      (
        "ratio is 0.0; choose more than 0, up to 1 (0.02 is usual)",
        { try sound.splittingChannels(ChannelSplitting(ratio: 0)) }
      ),
      ("bits is 9; choose 2 to 8", { try sound.splittingChannels(ChannelSplitting(bits: 9)) }),
      ("iterations is 0; choose 1 to 10000", { try sound.scalingChannels(.equalize(iterations: 0)) }),
      (
        "deviations is -1.0; choose 0 to 10 (3 is usual)",
        { try sound.absorbingBias(calibration: images, deviations: -1) }
      ),
      (
        "value 3 of 'n1.weight' is NaN or infinite. Load or train the network again.",
        { try broken.scalingChannels() }
      ),
    ]
    for (expected, run) in cases {
      let error = #expect(throws: (any Error).self) { _ = try run() }
      #expect(error.map { "\($0)" } == expected)
    }
  }
}
