import Inference
import Interchange
import Layers
import Pipelines
import Quantizers
import Tensors
import TestSupport
import Testing

@Suite struct TrainingTests {
  /// Images of a bright half, left or right: two classes that a small network tells apart.
  static func dataset(_ count: Int) throws -> Dataset {
    var random = RandomSource(seed: 8)
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for _ in 0..<count {
      let label = random.integer(below: 2)
      labels.append(UInt8(label))
      for i in 0..<36 {
        pixels.append(UInt8(random.integer(below: 60) + ((i % 6 < 3) == (label == 0) ? 150 : 0)))
      }
    }
    return try Dataset(
      name: "halves", imageShape: [6, 6, 1], classNames: ["left", "right"], pixels: pixels, labels: labels)
  }

  static func model() throws -> Model {
    var graph = Graph(input: [6, 6, 1])
    let window = Window(kernel: [3, 3], padding: [1, 1, 1, 1])
    var x = try graph.add(
      try Conv2d(inChannels: 1, filters: 8, window: window, hasBias: false), [0], name: "conv")
    x = try graph.add(ReLU(), [try graph.add(BatchNorm(channels: 8), [x], name: "norm")], name: "relu")
    x = try graph.add(MaxPool(window: Window(kernel: [3, 3], stride: [3, 3])), [x], name: "pool")
    try graph.add(
      Linear(inFeatures: 32, features: 2), [try graph.add(Flatten(), [x], name: "flat")], name: "head")
    return Model(graph: graph, seed: 1)
  }

  static func options(_ rate: Float = 0.05) -> TrainingOptions {
    var options = TrainingOptions(
      optimizer: SGD(learningRate: rate, nesterov: true, weightDecay: 1e-4),
      schedule: LearningRateSchedule(.cosine))
    options.epochs = 3
    options.batchSize = 16
    options.augmentation = Augmentation(crop: 1)
    return options
  }

  @Test func trainsFineTunesAndCompilesTheSameForAnyThreads() throws {
    let data = try Self.dataset(192)
    func run(threads: Int) throws -> ([String: [Float]], fp32: Double, quantized: Double, integer: Double) {
      let execution = Execution(threads: threads)
      var model = try Self.model()
      let records = try model.train(on: data, validation: data, options: Self.options(), execution: execution)
      let grid = GridSpecification(bits: 2, intervals: 4)
      var quantized = try QuantizedModel.quantizing(
        model, QuantizationOptions(weights: grid, activations: grid),
        calibration: try data.batch(0..<64).images,
        execution: execution)
      _ = try quantized.train(on: data, validation: nil, options: Self.options(0.005), execution: execution)
      try quantized.refitWeights()
      let fake = try quantized.evaluated(on: data, execution: execution).top1
      let integer = try quantized.compiled().evaluated(on: data, execution: execution).top1
      return (
        quantized.model.parameters.mapValues(\.values), records.last?.validationTop1 ?? 0, fake, integer
      )
    }

    let (one, two) = (try run(threads: 1), try run(threads: 2))

    #expect(one.0 == two.0)
    #expect(one.fp32 > 95 && one.quantized > 90)
    // At most one image in a hundred may lie on a tie of two scores.
    #expect(abs(one.integer - one.quantized) <= 1)
  }

  @Test func divergenceIsNamed() throws {
    var model = try Self.model()
    do {
      _ = try model.train(
        on: try Self.dataset(64), validation: nil, options: Self.options(1e30), execution: Execution())
      Issue.record("an absurd learning rate went unnoticed")
    } catch let error as PipelineError {
      #expect(
        error.description
          == "training diverged: the loss is nan in epoch 1, step 2. Lower the learning rate or warm up longer."
      )
    }
  }

  @Test func evaluationRefusesWhatDoesNotFit() throws {
    let model = try Self.model()
    let empty = try Self.dataset(0)
    #expect(throws: PipelineError.noImages(purpose: "evaluation")) {
      try model.evaluated(on: empty, execution: Execution())
    }
    var broken = model
    broken.parameters["head.bias"] = Tensor([2], [.nan, 0])
    #expect(throws: PipelineError.nonFiniteScore(image: 0, value: "nan")) {
      try broken.evaluated(on: try Self.dataset(4), execution: Execution())
    }
  }

  @Test func whatDoesNotFitTheNetworkIsExplained() throws {
    let model = try Self.model()
    var broken = model
    broken.parameters["head.bias"] = Tensor([2], [.nan, 0])
    let wide = try Dataset(
      name: "wide", imageShape: [7, 6, 1], classNames: ["a"], pixels: [UInt8](repeating: 0, count: 42),
      labels: [0])
    let many = try Dataset(
      name: "many", imageShape: [6, 6, 1], classNames: ["a", "b", "c"],
      pixels: [UInt8](repeating: 0, count: 36), labels: [0])
    func expect(_ message: String, _ network: Model, _ data: Dataset) {
      let error = #expect(throws: PipelineError.self) {
        try network.evaluated(on: data, execution: Execution())
      }
      #expect(error?.description == message)
    }

    expect(
      "images are 7x6x1, but the network's input is 6x6x1. Load the data set the network was made for.",
      model,
      wide)
    expect(
      "the data set has 3 classes, but the network gives 2 scores. Give the last layer 3 features.", model,
      many)
    expect(
      "a score of image 0 is nan. Look for NaN or infinity in the weights, or for a diverged training.",
      broken,
      try Self.dataset(4))
  }

  @Test func checkpointsComeBackAndMustBeFinite() throws {
    let folder = try Scratch()
    let model = try Self.model()
    try Checkpoint.save(model, to: folder.path("m.safetensors"))

    let loaded = try Checkpoint.load(folder.path("m.safetensors"), into: model.graph)

    #expect(loaded.parameters.mapValues(\.values) == model.parameters.mapValues(\.values))
    var broken = model
    broken.parameters["conv.weight"] = Tensor([8, 3, 3, 1], repeating: .infinity)
    try Checkpoint.save(broken, to: folder.path("b.safetensors"))
    #expect(
      throws: PipelineError.checkpoint(
        path: folder.path("b.safetensors"),
        problem: "'conv.weight' holds inf at index 0. Only finite weights can be used.")
    ) { try Checkpoint.load(folder.path("b.safetensors"), into: model.graph) }
  }

  /// A variance is positive with epsilon added to it, or the scores would not be numbers.
  @Test func checkpointsWithNegativeVariancesAreRefused() throws {
    let folder = try Scratch()
    var graph = Graph(input: [4, 4, 2])
    graph.output = try graph.add(BatchNorm(channels: 2, epsilon: 0.25), [0], name: "norm")
    var model = Model(graph: graph, seed: 1)
    model.parameters["norm.running_var"] = Tensor([2], [-0.125, 1])
    try Checkpoint.save(model, to: folder.path("small.safetensors"))
    model.parameters["norm.running_var"] = Tensor([2], [1, -0.25])
    try Checkpoint.save(model, to: folder.path("b.safetensors"))

    #expect(throws: Never.self) { try Checkpoint.load(folder.path("small.safetensors"), into: graph) }
    #expect(
      throws: PipelineError.checkpoint(
        path: folder.path("b.safetensors"),
        problem: "'norm.running_var' holds -0.25, which with epsilon 0.25 is no positive variance. "
          + "The file is damaged: fetch or save it again.")
    ) { try Checkpoint.load(folder.path("b.safetensors"), into: graph) }
  }
}
