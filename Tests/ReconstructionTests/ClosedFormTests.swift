import Layers
import Quantizers
import Tensors
import Testing

@testable import Reconstruction

@Suite struct ClosedFormTests {
  private let samples = ClosedFormSamples.self

  @Test(arguments: ClosedFormSamples.networks, ClosedFormSamples.grids)
  func beatsNearestRoundingOnTheLayersOutput(
    _ network: ClosedFormSamples.Network, _ grid: ClosedFormSamples.Grid
  ) throws {
    let images = samples.images(network.model.graph.nodes[0].shape.batched(48))
    let nearest = try samples.quantized(network.model, grid)

    for sweeps in [0, 10] {
      // Little damping, so that the loss the solver lowers is the error measured here.
      let options = ClosedFormOptions(inputs: .floatingPoint, damping: 1e-6, sweeps: sweeps)
      let rounded = try nearest.roundedClosedForm(calibration: images, options: options)

      let exact = try network.model.forward(images, execution: Execution())
      let before = samples.error(try nearest.forward(images), exact)
      let after = samples.error(try rounded.forward(images), exact)
      // Depthwise rows have few columns to move an error to, but never lose.
      let bound = network.description == "depthwise" ? 1.00001 : 0.8
      #expect(after <= bound * before, "\(before) -> \(after)")
    }
  }

  @Test(arguments: ClosedFormSamples.networks, ClosedFormSamples.grids)
  func resultsLieOnTheGrid(_ network: ClosedFormSamples.Network, _ grid: ClosedFormSamples.Grid) throws {
    let images = samples.images(network.model.graph.nodes[0].shape.batched(8))

    let rounded = try samples.quantized(network.model, grid).roundedClosedForm(
      calibration: images, options: ClosedFormOptions(sweeps: 2))

    let weight = try #require(rounded.model.parameters["layer.weight"])
    let once = try #require(rounded.weightGrids["layer.weight"]).fakeQuantized(weight, execution: Execution())
    #expect(once.values == weight.values)
  }

  @Test(arguments: ClosedFormSamples.grids)
  func sameBytesForOneAndTwoThreads(_ grid: ClosedFormSamples.Grid) throws {
    for network in ClosedFormSamples.networks {
      let images = samples.images(network.model.graph.nodes[0].shape.batched(20))
      let quantized = try samples.quantized(network.model, grid)

      let results = try [1, 2].map { threads in
        try quantized.roundedClosedForm(
          calibration: images, options: ClosedFormOptions(sweeps: 3), execution: Execution(threads: threads)
        ).model.parameters["layer.weight"]?.values
      }

      #expect(results[0] == results[1], "\(network)")
    }
  }
}
