import Layers
import Quantizers
import Tensors
import Testing

@testable import Reconstruction

@Suite struct BiasCorrectionTests {
  private let samples = ClosedFormSamples.self
  private let execution = Execution(threads: 2)

  /// For every weighted node the largest difference of channel means to the FP32 network, relative to the mean magnitude.
  private func meanErrors(_ quantized: QuantizedModel, _ model: Model, _ images: Tensor) throws -> [Double] {
    var means: [NodeIndex: [Double]] = [:]
    _ = try model.forward(images, execution: execution) { means[$0] = $1.channelSums }
    var errors: [Double] = []
    // Outputs before their transform: without the output grids of weighted nodes.
    var transforms = quantized.transforms()
    for node in model.graph.nodes where node.layer?.isWeighted == true { transforms.outputs[node.name] = nil }
    _ = try quantized.model.forward(images, transforms: transforms, execution: execution) { node, value in
      guard model.graph.nodes[node].layer?.isWeighted == true, let wanted = means[node] else { return }
      let scale = wanted.reduce(0) { $0 + abs($1) } / Double(wanted.count)
      errors.append(zip(wanted, value.channelSums).map { abs($0 - $1) }.reduce(0, max) / scale)
    }
    return errors
  }

  private func quantized(_ model: Model, _ images: Tensor) throws -> QuantizedModel {
    try QuantizedModel.quantizing(
      model,
      QuantizationOptions(
        weights: GridSpecification(bits: 2, group: .channel(axis: 0)),
        activations: GridSpecification(bits: 4), firstLast: nil), calibration: images)
  }

  @Test func meanOutputErrorsVanish() throws {
    let model = try samples.chain()
    let images = samples.images([24, 8, 8, 3])
    let quantized = try quantized(model, images)

    let corrected = try quantized.correctingBias(calibration: images, batch: 7, execution: execution)

    let before = try meanErrors(quantized, model, images)
    let after = try meanErrors(corrected, model, images)
    #expect(before.allSatisfy { $0 > 1e-2 }, "\(before)")
    #expect(after.allSatisfy { $0 < 1e-4 }, "\(after)")
  }

  @Test func correctsRoundedModelsTowardsTheirReference() throws {
    let model = try samples.chain()
    let images = samples.images([24, 8, 8, 3])
    let rounded = try quantized(model, images).roundedClosedForm(calibration: images)

    let corrected = try rounded.correctingBias(calibration: images, reference: model, execution: execution)

    #expect(try meanErrors(corrected, model, images).allSatisfy { $0 < 1e-4 })
  }

  @Test func layersWithoutBiasGetOne() throws {
    let network = samples.network("bare", [6, 6, 4]) {
      try Conv2d(inChannels: 4, filters: 5, window: samples.same, hasBias: false)
    }
    let images = samples.images([8, 6, 6, 4])

    let corrected = try quantized(network.model, images).correctingBias(calibration: images)

    #expect(corrected.model.parameters["layer.bias"]?.shape == [5])
    #expect(try meanErrors(corrected, network.model, images).allSatisfy { $0 < 1e-4 })
  }

  @Test func refusesAnotherNetworkAsReference() throws {
    let images = samples.images([4, 8, 8, 3])
    let quantized = try quantized(try samples.chain(), images)

    let error = #expect(throws: ReconstructionError.self) {
      try quantized.correctingBias(calibration: images, reference: samples.networks[0].model)
    }

    #expect(
      error?.description
        == "the reference has 2 nodes with batch norms folded, and the quantized network 10, or their names or shapes "
        + "differ. Give the network that was quantized.")
  }
}
