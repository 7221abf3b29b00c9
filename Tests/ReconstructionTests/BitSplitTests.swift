import Layers
import Quantizers
import Tensors
import Testing

@testable import Reconstruction

@Suite struct BitSplitTests {
  private let samples = ClosedFormSamples.self

  private func grid(_ bits: Int) -> ClosedFormSamples.Grid {
    .init(description: "\(bits) bits") {
      try GridSpecification(
        bits: bits, group: .channel(axis: 0), isSymmetric: true, observer: .meanSquaredError()
      ).fit(to: $0)
    }
  }

  @Test(arguments: ClosedFormSamples.networks, [2, 3, 4])
  func beatsNearestRoundingWithTheBestScale(_ network: ClosedFormSamples.Network, _ bits: Int) throws {
    let images = samples.images(network.model.graph.nodes[0].shape.batched(48))
    let quantized = try samples.quantized(network.model, grid(bits))
    let options = ClosedFormOptions(inputs: .floatingPoint, damping: 1e-6)

    let split = try quantized.roundedByBitSplit(calibration: images, options: options)

    let exact = try network.model.forward(images, execution: Execution())
    let before = samples.error(
      try nearest(network.model, bits).forward(images, execution: Execution()), exact)
    let after = samples.error(try split.forward(images), exact)
    #expect(after < (network.description == "depthwise" ? 1 : 0.9) * before, "\(before) -> \(after)")
  }

  /// The network with each row rounded to nearest on the best symmetric grid of `2^bits - 1` levels.
  private func nearest(_ model: Model, _ bits: Int) throws -> Model {
    let weight = try #require(model.parameters["layer.weight"])
    let columns = weight.shape.droppingFirst.count
    let unused = [Float](repeating: 0, count: columns * columns)
    let rows = (0..<weight.shape[0]).flatMap { row -> [Float] in
      let (scale, codes) = BitSplit(bits: bits, passes: 0)
        .split(weight.rows(row..<row + 1).values, hessian: unused)
      return codes.map { $0 * scale }
    }
    var result = model
    result.parameters["layer.weight"] = Tensor(weight.shape, rows)
    return result
  }

  @Test(arguments: ClosedFormSamples.networks, [2, 4, 8])
  func resultsLieOnTheNewGrid(_ network: ClosedFormSamples.Network, _ bits: Int) throws {
    let images = samples.images(network.model.graph.nodes[0].shape.batched(6))

    let split = try samples.quantized(network.model, grid(bits)).roundedByBitSplit(calibration: images)

    let weight = try #require(split.model.parameters["layer.weight"])
    let grid = try #require(split.weightGrids["layer.weight"] as? RegionGrid)
    #expect(try grid.fakeQuantized(weight).values == weight.values)
    #expect(grid.steps == (1 << bits) - 2)
  }

  @Test func sameBytesForOneAndTwoThreads() throws {
    for network in samples.networks {
      let images = samples.images(network.model.graph.nodes[0].shape.batched(12))
      let quantized = try samples.quantized(network.model, grid(3))

      let results = try [1, 2].map { threads in
        try quantized.roundedByBitSplit(calibration: images, execution: Execution(threads: threads))
          .model.parameters["layer.weight"]?.values
      }

      #expect(results[0] == results[1], "\(network)")
    }
  }

  @Test func refusesGridsThatAreNotUniformPerChannel() throws {
    let quantized = try samples.quantized(samples.networks[4].model, samples.grids[3])

    let error = #expect(throws: QuantizationError.self) {
      try quantized.roundedByBitSplit(calibration: samples.images([4, 160]))
    }

    #expect(
      error?.description
        == "layer.weight: bit-split makes symmetric uniform grids per output channel of 2 to 8 bits; quantize with a "
        + "uniform grid, group channel, or round with method closed")
  }
}
