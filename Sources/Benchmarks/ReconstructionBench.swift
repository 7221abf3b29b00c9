import Layers
import Quantizers
import Reconstruction
import Tensors

/// One step of BRECQ's weight stage on ResNet-20's first block.
enum ReconstructionBench {
  static func rows(_ watch: Stopwatch) throws -> [Measurement] {
    Storage.keepFreedBlocks()
    var random = RandomSource(seed: 3)
    let images = Tensor([64, 32, 32, 3], (0..<64 * 3072).map { _ in random.normal() })
    let model = Model(graph: try ReferenceNetworks.resNet20(), seed: 1)
    let network = try QuantizedModel.quantizing(
      model,
      QuantizationOptions(
        weights: GridSpecification(bits: 2, group: .channel(axis: 0), observer: .meanSquaredError()),
        activations: GridSpecification(bits: 4)), calibration: images)
    let graph = network.model.graph
    guard let block = graph.regions.first(where: { $0.nodes.count > 1 }) else { return [] }
    var options = ReconstructionOptions()
    options.iterations = max(8, Int(watch.budget * 200))
    options.ranges = .fixed
    options.input = .quantized
    options.quantizedShare = 0
    return try [1, 2].map { threads in
      var run = try NetworkReconstruction(
        [network], units: [ReconstructionUnit(name: "first block", region: block)], calibration: images)
      let clock = ContinuousClock()
      var last = clock.now
      var best = Double.infinity
      _ = try run.run(options, execution: Execution(threads: threads)) { _ in
        let now = clock.now
        best = min(best, (now - last).seconds * 1e9)
        last = clock.now
      }
      return Measurement(
        "BRECQ iteration, ResNet-20's first block, batch 32", "\(threads) thread", threads: threads,
        nanoseconds: best)
    }.comparedWithFirst()
  }
}
