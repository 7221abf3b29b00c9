import Layers
import Tensors
import Testing

@Suite struct ModelTests {
  static func network() throws -> Graph {
    var graph = Graph(input: [8, 8, 2])
    let stem = try graph.add(
      try Conv2d(
        inChannels: 2, filters: 6, window: Window(kernel: [3, 3], padding: [1, 1, 1, 1]), hasBias: false),
      [0], name: "stem")
    let norm = try graph.add(BatchNorm(channels: 6), [stem], name: "stem_bn")
    let relu = try graph.add(ReLU(), [norm], name: "stem_relu")
    let depthwise = try graph.add(
      try Conv2d(
        inChannels: 6, filters: 6, window: Window(kernel: [3, 3], padding: [1, 1, 1, 1]), groups: 6,
        hasBias: false),
      [relu], name: "dw")
    let second = try graph.add(BatchNorm(channels: 6), [depthwise], name: "dw_bn")
    let sum = try graph.add(Add(), [second, relu], name: "sum")
    let pool = try graph.add(GlobalAveragePool(), [sum], name: "pool")
    let flat = try graph.add(Flatten(), [pool], name: "flat")
    try graph.add(Linear(inFeatures: 6, features: 3), [flat], name: "head")
    return graph
  }

  static func batch(_ count: Int, seed: UInt64) -> (images: Tensor, labels: [Int]) {
    var random = RandomSource(seed: seed)
    let images = Tensor([count, 8, 8, 2], (0..<count * 128).map { _ in random.uniform() })
    return (images, (0..<count).map { _ in random.integer(below: 3) })
  }

  @Test func sameBytesForOneAndTwoThreads() throws {
    func train(threads: Int) throws -> [String: [Float]] {
      var model = Model(graph: try Self.network(), seed: 3)
      var optimizer = SGD(learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-3)
      let execution = Execution(threads: threads)
      for step in 0..<4 {
        let (images, labels) = Self.batch(37, seed: UInt64(step))
        let result = try model.gradients(
          images, loss: .softmaxCrossEntropy(labels: labels), execution: execution)
        try optimizer.step(
          &model.parameters, gradients: result.gradients, scale: 1, decays: { _ in true },
          execution: execution)
        model.parameters.merge(result.updatedBuffers) { $1 }
      }
      return model.parameters.mapValues(\.values)
    }

    #expect(try train(threads: 1) == train(threads: 2))
  }

  @Test func foldedBatchNormGivesTheSameOutputs() throws {
    var model = Model(graph: try Self.network(), seed: 5)
    var random = RandomSource(seed: 9)
    for (key, value) in model.parameters where key.contains("bn") {
      model.parameters[key] = Tensor(value.shape, (0..<value.count).map { _ in 0.5 + random.uniform() })
    }
    let (images, _) = Self.batch(5, seed: 1)

    let folded = try model.foldingBatchNorm()

    #expect(!folded.graph.nodes.contains { $0.layer is BatchNorm })
    let expected = try model.forward(images, execution: Execution())
    let actual = try folded.forward(images, execution: Execution())
    for (a, b) in zip(expected.values, actual.values) { #expect(abs(a - b) <= 1e-4 * max(1, abs(a))) }
  }

  @Test func lossFallsWhenTrained() throws {
    var model = Model(graph: try Self.network(), seed: 1)
    var optimizer = Adam(learningRate: 0.01)
    let (images, labels) = Self.batch(16, seed: 2)
    var losses: [Double] = []
    for _ in 0..<30 {
      let result = try model.gradients(
        images, loss: .softmaxCrossEntropy(labels: labels), execution: Execution())
      try optimizer.step(
        &model.parameters, gradients: result.gradients, scale: 1, decays: { _ in true },
        execution: Execution())
      losses.append(result.loss)
    }

    #expect(losses[29] < 0.7 * losses[0])
  }

  @Test func errorsNameTheNode() throws {
    var graph = Graph(input: [8, 8, 2])

    #expect(throws: LayerError.self) { try graph.add(Linear(inFeatures: 4, features: 2), [0], name: "head") }
    do {
      try graph.add(Linear(inFeatures: 4, features: 2), [0], name: "head")
    } catch {
      #expect(
        error.description
          == "node 'head' (linear): reads vectors, but the input is 8x8x2. Put flatten before it.")
    }
  }

  @Test func unknownLayerAndOptionNameTheNearest() {
    #expect(throws: LayerError.invalid("there is no layer 'conv2'. Did you mean 'conv2d'?")) {
      try LayerCatalogue.entry("conv2")
    }
    #expect(throws: LayerError.invalid("conv2d has no option 'strides'. Did you mean 'stride'?")) {
      try LayerCatalogue.entry("conv2d").layer(["strides": .integer(2)], inputs: [[4, 4, 1]])
    }
    #expect(
      throws: LayerError.invalid(
        "conv2d: stride is 0, but must be an integer, or a list of 2, each of at least 1")
    ) {
      try LayerCatalogue.entry("conv2d").layer(
        ["stride": .integer(0), "filters": .integer(1), "kernel": .integer(1)], inputs: [[4, 4, 1]])
    }
  }
}
