import Layers
import Tensors

/// ResNet-20 on CIFAR-sized images: training step and inference.
enum TrainBench {
  static func rows(_ watch: Stopwatch) throws -> [Measurement] {
    Storage.keepFreedBlocks()
    var random = RandomSource(seed: 3)
    let images = Tensor([128, 32, 32, 3], (0..<128 * 3072).map { _ in random.uniform() })
    let labels = (0..<128).map { _ in random.integer(below: 10) }
    let graph = try resNet20()
    let step = try [1, 2].map { threads in
      let execution = Execution(threads: threads)
      var model = Model(graph: graph, seed: 1)
      var optimizer = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4)
      let time = try watch.nanoseconds {
        let result = try model.gradients(
          images, loss: .softmaxCrossEntropy(labels: labels), execution: execution)
        try optimizer.step(
          &model.parameters, gradients: result.gradients, scale: 1, decays: { _ in true }, execution: execution)
        model.parameters.merge(result.updatedBuffers) { $1 }
      }
      return Measurement("ResNet-20 training step, batch 128", "\(threads) thread", threads: threads, nanoseconds: time)
    }
    let forward = try [(128, 1), (128, 2), (1, 1)].map { batch, threads in
      let (model, part) = (Model(graph: graph, seed: 1), images.rows(0..<batch))
      let time = try watch.nanoseconds { _ = try model.forward(part, execution: Execution(threads: threads)) }
      return Measurement("ResNet-20 forward, batch \(batch)", "\(threads) thread", threads: threads, nanoseconds: time)
    }
    return step.comparedWithFirst() + Array(forward[..<2]).comparedWithFirst() + [forward[2]]
  }

  /// ResNet-20 for CIFAR-10 with parameter-free shortcuts: every second pixel, zeros for new channels.
  ///
  /// Source: He et al. 2016, section 4.2, option A.
  static func resNet20() throws -> Graph {
    var graph = Graph(input: [32, 32, 3])
    func conv(_ x: Int, _ channels: Int, _ filters: Int, _ stride: Int, _ name: String) throws -> Int {
      let window = Window(kernel: [3, 3], stride: [stride, stride], padding: [1, 1, 1, 1])
      let layer = try Conv2d(inChannels: channels, filters: filters, window: window, hasBias: false)
      return try graph.add(BatchNorm(channels: filters), [try graph.add(layer, [x], name: name)], name: name + "_bn")
    }
    var x = try graph.add(ReLU(), [try conv(0, 3, 16, 1, "stem")], name: "stem_relu")
    var channels = 16
    for (stage, filters) in [16, 32, 64].enumerated() {
      for block in 0..<3 {
        let name = "layer\(stage + 1).\(block)"
        let stride = filters == channels ? 1 : 2
        let first = try graph.add(ReLU(), [try conv(x, channels, filters, stride, name + ".conv1")], name: name + ".relu1")
        let second = try conv(first, filters, filters, 1, name + ".conv2")
        var shortcut = x
        if stride == 2 {
          let window = Window(kernel: [1, 1], stride: [2, 2])
          let half = try graph.add(AveragePool(window: window), [x], name: name + ".half")
          let zeros = [(filters - channels) / 2, (filters - channels) / 2]
          shortcut = try graph.add(Pad(padding: [0, 0, 0, 0], channels: zeros), [half], name: name + ".zeros")
        }
        let sum = try graph.add(Add(), [second, shortcut], name: name + ".add")
        x = try graph.add(ReLU(), [sum], name: name + ".relu2")
        channels = filters
      }
    }
    let pool = try graph.add(Flatten(), [try graph.add(GlobalAveragePool(), [x], name: "pool")], name: "flatten")
    try graph.add(Linear(inFeatures: 64, features: 10), [pool], name: "linear")
    return graph
  }
}
