import Layers
import Quantizers
import Tensors
import TestSupport
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

  @Test(arguments: ClosedFormSamples.grids)
  func uncorrelatedInputsGiveNearestRounding(_ grid: ClosedFormSamples.Grid) throws {
    let network = samples.network("linear", [40]) { Linear(inFeatures: 40, features: 9) }
    // Image i is 1 in feature i alone: the Hessian is a multiple of the identity.
    let images = Tensor([40, 40], (0..<1600).map { $0 % 41 == 0 ? 1 : 0 })
    let quantized = try samples.quantized(network.model, grid)

    let rounded = try quantized.roundedClosedForm(calibration: images)

    let weight = try #require(network.model.parameters["layer.weight"])
    let nearest = try #require(quantized.weightGrids["layer.weight"])
      .fakeQuantized(weight, execution: Execution())
    let found = try #require(rounded.model.parameters["layer.weight"])
    // Unequal edges put values on levels beyond their own interval; the solver keeps to levels that stay where they are.
    if grid.description != "unequal edges" { #expect(found.values == nearest.values) }
  }

  @Test func isBetweenExhaustiveSearchAndNearestRounding() throws {
    let grid = try #require(samples.grids.first { $0.description == "uniform 2 bits per channel" })
    let network = samples.network("linear", [5]) { Linear(inFeatures: 5, features: 24, hasBias: false) }
    let images = samples.images([40, 5])
    let quantized = try samples.quantized(network.model, grid)

    let rounded = try quantized.roundedClosedForm(
      calibration: images, options: ClosedFormOptions(inputs: .floatingPoint, damping: 1e-9))

    let weight = try #require(network.model.parameters["layer.weight"])
    let found = try #require(rounded.model.parameters["layer.weight"])
    let nearest = try #require(quantized.weightGrids["layer.weight"])
      .fakeQuantized(weight, execution: Execution())
    var optimal = 0
    for row in 0..<24 {
      let levels = try #require(quantized.weightGrids["layer.weight"]).levels(group: row)
      let loss = { (q: [Float]) in rowLoss(weight.rows(row..<row + 1).values, q, images) }
      let best = products(levels, 5).map(loss).min() ?? 0
      let reached = loss(found.rows(row..<row + 1).values)
      #expect(reached >= best - 1e-9)
      #expect(reached <= loss(nearest.rows(row..<row + 1).values) * (1 + 1e-6))
      if reached <= best * (1 + 1e-5) { optimal += 1 }
    }
    #expect(optimal >= 12, "\(optimal) of 24 rows are optimal")
  }

  /// Every choice of `count` levels.
  private func products(_ levels: [Float], _ count: Int) -> [[Float]] {
    (0..<count).reduce([[]]) { all, _ in all.flatMap { head in levels.map { head + [$0] } } }
  }

  private func rowLoss(_ w: [Float], _ q: [Float], _ images: Tensor) -> Double {
    (0..<images.shape[0]).reduce(0) { sum, image in
      let error = (0..<w.count).reduce(0.0) {
        $0 + Double(images[image * w.count + $1]) * Double(w[$1] - q[$1])
      }
      return sum + error * error
    }
  }

  @Test(arguments: ClosedFormSamples.networks)
  func deadInputsAreRoundedToNearest(_ network: ClosedFormSamples.Network) throws {
    let images = Tensor(zeros: network.model.graph.nodes[0].shape.batched(2))
    let quantized = try samples.quantized(network.model, samples.grids[0])

    let rounded = try quantized.roundedClosedForm(calibration: images)

    let weight = try #require(network.model.parameters["layer.weight"])
    let nearest = try #require(quantized.weightGrids["layer.weight"])
      .fakeQuantized(weight, execution: Execution())
    #expect(rounded.model.parameters["layer.weight"]?.values == nearest.values)
  }

  @Test func moreColumnsThanSamplesStayFinite() throws {
    let network = samples.networks[4]
    let images = samples.images([1, 160])
    let options = ClosedFormOptions(damping: 1e-12)

    let rounded = try samples.quantized(network.model, samples.grids[0])
      .roundedClosedForm(calibration: images, options: options)

    let exact = try network.model.forward(images, execution: Execution())
    let error = samples.error(try rounded.forward(images), exact)
    #expect(error < 1e-3 * samples.error(exact, Tensor(zeros: exact.shape)))
  }

  @Test(arguments: [1e-25, 1e-19, 1e15] as [Float])
  func inputsOfAnyMagnitudeAreRounded(_ scale: Float) throws {
    let network = samples.networks[0]
    let images = Tensor.elementwise(
      samples.images(network.model.graph.nodes[0].shape.batched(3)), scale: scale, shift: 0)
    let quantized = try samples.quantized(network.model, samples.grids[0])

    let rounded = try quantized.roundedClosedForm(calibration: images)

    let weight = try #require(rounded.model.parameters["layer.weight"])
    let once = try #require(rounded.weightGrids["layer.weight"]).fakeQuantized(weight, execution: Execution())
    #expect(once.values == weight.values)
  }

  @Test func boundedMemoryGivesTheSameBytes() throws {
    let model = try samples.chain()
    let images = samples.images([21, 8, 8, 3])
    let quantized = try samples.quantized(model, samples.grids[2])

    let results = try [1 << 30, 40_000, 0].map { limit in
      try quantized.roundedClosedForm(
        calibration: images, options: ClosedFormOptions(batch: 4, memoryLimit: limit)
      ).model.parameters.mapValues(\.values)
    }

    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func correctionMakesUpForEarlierLayers() throws {
    let model = try samples.chain()
    let images = samples.images([64, 8, 8, 3])
    let quantized = try samples.quantized(model, samples.grids[2])
    let exact = try model.forward(images, execution: Execution())

    let errors = try [RoundingInputs.floatingPoint, .corrected].map { inputs in
      let rounded = try quantized.roundedClosedForm(
        calibration: images, options: ClosedFormOptions(inputs: inputs))
      return samples.error(try rounded.forward(images), exact)
    }

    #expect(errors[1] < 0.9 * errors[0], "\(errors)")
  }

  @Test func errorsNameTheFactAndTheRemedy() throws {
    let network = samples.networks[4]
    let images = samples.images([4, 160])
    let published = try samples.quantized(
      network.model,
      .init(description: "published") { try GridSpecification(bits: 2, mode: .published).fit(to: $0) })
    let stochastic = try samples.quantized(
      network.model,
      .init(description: "stochastic") {
        try GridSpecification(bits: 2, rounding: .stochastic(seed: 1)).fit(to: $0)
      })
    let uniform = try samples.quantized(network.model, samples.grids[0])
    var broken = uniform
    broken.model.parameters["layer.weight"]?[7] = .nan
    let infinite = Tensor([1, 160], [Float](repeating: .infinity, count: 160))

    let cases: [(expected: String, run: () throws -> QuantizedModel)] = [
      (
        "layer.weight: mode published leaves values in FP32, so there is nothing to round them to; use mode clamp",
        { try published.roundedClosedForm(calibration: images) }
      ),
      (
        "layer.weight: stochastic rounding would round the result once more; use rounding nearest",
        { try stochastic.roundedClosedForm(calibration: images) }
      ),
      (
        "there are no calibration values for the layers' inputs; give at least one calibration image",
        { try uniform.roundedClosedForm(calibration: Tensor(zeros: [0, 160])) }
      ),
      (
        "the calibration images are 2x3, but the network reads batches of 160",
        { try uniform.roundedClosedForm(calibration: Tensor(zeros: [2, 3])) }
      ),
      (
        "inputs of layer 'layer' are not finite, or their squares overflow. Check the calibration images and the weights "
          + "of the layers before it.",
        { try uniform.roundedClosedForm(calibration: infinite) }
      ),
      (
        "layer.weight: 1 of 1920 values are NaN or infinite, the first at index 7; check the weights or the calibration "
          + "images",
        { try broken.roundedClosedForm(calibration: images) }
      ),
      (
        "damping is 0.0; choose more than 0, up to 1 (0.01 is usual)",
        { try uniform.roundedClosedForm(calibration: images, options: ClosedFormOptions(damping: 0)) }
      ),
    ]
    for (expected, run) in cases {
      let error = #expect(throws: (any Error).self) { _ = try run() }
      #expect(error.map { "\($0)" } == expected)
    }
  }

  @Test(.enabled(if: SharedData.isPresent))
  func twoBitResNet20KeepsMostOfItsAccuracy() throws {
    let execution = Execution(threads: 2)
    let model = try PretrainedResNet20.model()
    let (test, labels) = try PretrainedResNet20.images("test_batch.bin.gz", 0..<500)
    let (calibration, _) = try PretrainedResNet20.images("calib_2048.bin.gz", 0..<64)
    let options = QuantizationOptions(
      weights: GridSpecification(bits: 2, group: .channel(axis: 0), observer: .meanSquaredError()),
      activations: nil)
    let quantized = try QuantizedModel.quantizing(
      model, options, calibration: calibration, execution: execution)

    let rounded = try quantized.roundedClosedForm(calibration: calibration, execution: execution)

    let before = try PretrainedResNet20.top1(test, labels) {
      try quantized.forward($0, execution: execution)
    }
    let after = try PretrainedResNet20.top1(test, labels) { try rounded.forward($0, execution: execution) }
    #expect(before < 50 && after > 85, "nearest \(before) %, closed form \(after) %")
  }
}
