import Layers
import Tensors

/// ResNet-20 on CIFAR-sized images: training step and inference.
enum TrainBench {
  static func rows(_ watch: Stopwatch) throws -> [Measurement] {
    Storage.keepFreedBlocks()
    var random = RandomSource(seed: 3)
    let images = Tensor([128, 32, 32, 3], (0..<128 * 3072).map { _ in random.uniform() })
    let labels = (0..<128).map { _ in random.integer(below: 10) }
    let graph = try ReferenceNetworks.resNet20()
    let step = try [1, 2].map { threads in
      let execution = Execution(threads: threads)
      var model = Model(graph: graph, seed: 1)
      var optimizer = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4)
      let time = try watch.nanoseconds {
        let result = try model.gradients(
          images, loss: .softmaxCrossEntropy(labels: labels), execution: execution)
        try optimizer.step(
          &model.parameters, gradients: result.gradients, scale: 1, decays: { _ in true },
          execution: execution)
        model.parameters.merge(result.updatedBuffers) { $1 }
      }
      return Measurement(
        "ResNet-20 training step, batch 128", "\(threads) thread", threads: threads, nanoseconds: time)
    }
    let forward = try [(128, 1), (128, 2), (1, 1)].map { batch, threads in
      let (model, part) = (Model(graph: graph, seed: 1), images.rows(0..<batch))
      let time = try watch.nanoseconds { _ = try model.forward(part, execution: Execution(threads: threads)) }
      return Measurement(
        "ResNet-20 forward, batch \(batch)", "\(threads) thread", threads: threads, nanoseconds: time)
    }
    return step.comparedWithFirst() + Array(forward[..<2]).comparedWithFirst() + [forward[2]]
  }
}
