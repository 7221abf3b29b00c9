import Layers
import Quantizers
import Tensors
import Testing

@testable import Reconstruction

@Suite struct AnalyticBiasTests {
  private let samples = ClosedFormSamples.self
  private let execution = Execution(threads: 2)

  /// 1x1 convolutions with batch norms whose statistics are those of the images.
  private func network(_ images: Tensor, _ clamp: any Layer) throws -> Model {
    var graph = Graph(input: [10, 10, 6])
    let narrow = Window(kernel: [1, 1])
    var x = try graph.add(Conv2d(inChannels: 6, filters: 24, window: narrow, hasBias: false), [0], name: "a")
    x = try graph.add(BatchNorm(channels: 24), [x], name: "a_bn")
    x = try graph.add(clamp, [x], name: "a_clamp")
    try graph.add(Conv2d(inChannels: 24, filters: 16, window: narrow), [x], name: "b")
    var model = Model(graph: graph, seed: 9)
    model.parameters["a_bn.weight"] = samples.normal([24], seed: 2, scale: 2)
    model.parameters["a_bn.bias"] = samples.normal([24], seed: 3)
    var sums: (mean: [Double], square: [Double]) = ([], [])
    _ = try model.forward(images, execution: execution) { node, value in
      guard node == 1 else { return }
      let count = Double(value.count / 24)
      sums.mean = value.channelSums.map { $0 / count }
      sums.square = Tensor.elementwise(value, "*", value).channelSums.map { $0 / count }
    }
    model.parameters["a_bn.running_mean"] = Tensor([24], sums.mean.map(Float.init))
    model.parameters["a_bn.running_var"] = Tensor(
      [24], zip(sums.square, sums.mean).map { Float($0 - $1 * $1) })
    return model
  }

  @Test(arguments: [3, 2])
  func removesMostOfTheMeanErrorWithoutImages(_ bits: Int) throws {
    for clamp in [ReLU(), ReLU6()] as [any Layer] {
      let images = samples.normal([40, 10, 10, 6])
      let model = try network(images, clamp)
      let quantized = try QuantizedModel.quantizing(
        model,
        QuantizationOptions(weights: GridSpecification(bits: bits), activations: nil, firstLast: .eightBit),
        calibration: images)
      var coarse = quantized
      // The last layer too gets few levels: it is the one that reads a batch norm.
      let weight = try #require(quantized.model.parameters["b.weight"])
      coarse.weightGrids["b.weight"] = try GridSpecification(bits: bits).fit(to: weight)

      let (corrected, count) = try coarse.correctingBias(batchNormsOf: model)

      #expect(count == 1)
      let wanted = try model.forward(images, execution: execution).channelSums
      let errors = try [coarse, corrected].map { quantized in
        zip(try quantized.forward(images, execution: execution).channelSums, wanted)
          .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      #expect(errors[1] < 0.05 * errors[0], "\(type(of: clamp)): \(errors)")
    }
  }

  @Test(arguments: [(-1.5, 0.7), (0, 1), (2, 0.5), (6.5, 2), (1, 0)])
  func clippedMeansEqualNumericIntegration(_ mean: Double, _ deviation: Double) {
    let distribution = NormalDistribution(mean: mean, deviation: deviation)

    for high in [6, Double.infinity] {
      // Midpoints of 4000 cells over 16 deviations, weighted by the density.
      var (sum, weights) = (0.0, 0.0)
      for cell in 0..<4000 {
        let z = -8 + 16 * (Double(cell) + 0.5) / 4000
        let weight = exponential(-z * z / 2)
        sum += weight * min(max(mean + deviation * z, 0), high)
        weights += weight
      }
      #expect(abs(distribution.mean(clippedTo: high) - sum / weights) < 1e-5)
    }
  }

  /// exp(x) for -32 <= x <= 0, by squaring a short series.
  private func exponential(_ x: Double) -> Double {
    let small = x / 1024
    var value = 1 + small * (1 + small / 2 * (1 + small / 3 * (1 + small / 4)))
    for _ in 0..<10 { value *= value }
    return value
  }

  @Test func networksWithoutBatchNormsAreRefused() throws {
    let model = try samples.chain()
    let quantized = try samples.quantized(model, samples.grids[0])

    let error = #expect(throws: ReconstructionError.self) {
      try quantized.correctingBias(batchNormsOf: model)
    }

    #expect(
      error?.description
        == "no quantized layer of the network reads values behind a batch norm. Give the network as it was before its "
        + "batch norms were folded, or correct with calibration images.")
  }
}
