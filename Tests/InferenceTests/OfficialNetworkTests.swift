import Inference
import TestSupport
import Tensors
import Testing

/// LiteRT 2.3.0's reference kernels ran the official MLPerf Tiny networks; ours give the same codes.
@Suite(.enabled(if: SharedData.isPresent))
struct OfficialNetworkTests {
  @Test(arguments: OfficialNetwork.names, IntegerKernelVariant.all)
  func everyLayerReproducesTheRecordedActivations(_ name: String, _ variant: IntegerKernelVariant) throws {
    let network = try OfficialNetwork(name)
    let engine = try IntegerEngine(network.model, variant: variant)

    var checked: [String: Int] = [:]
    for (index, node) in network.model.nodes.enumerated() where index > 0 {
      let inputs = try node.inputs.map { try #require(network.recorded[network.tensorOfNode[$0]]) }
      let expected = try #require(network.recorded[network.tensorOfNode[index]])
      let found = try engine.output(ofNode: index, from: inputs)
      let differences = zip(found, expected).count { $0 != Int32($1) }
      #expect(differences == 0 && found.count == expected.count, "\(name) \(node.name) on \(variant)")
      checked[String(node.name.split(separator: ".")[1]), default: 0] += 1
    }

    let products = ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"].reduce(0) {
      $0 + checked[$1, default: 0]
    }
    print("\(name) on \(variant): \(products) weight layers exact, all operators \(checked)")
    #expect(products > 0)
  }

  @Test(arguments: OfficialNetwork.names, IntegerKernelVariant.all)
  func wholeNetworkReproducesTheRecordedActivations(_ name: String, _ variant: IntegerKernelVariant) throws {
    let network = try OfficialNetwork(name)
    let engine = try IntegerEngine(network.model, variant: variant)

    let size = engine.inputShape.count
    #expect(network.inputs.prefix(size) == network.recorded[network.tensorOfNode[0]].map { $0[...] })
    let activations = try engine.activations(ofCodes: Array(network.inputs.prefix(size)))

    for (index, codes) in activations.enumerated() {
      #expect(
        codes == network.recorded[network.tensorOfNode[index]], "node \(network.model.nodes[index].name)")
    }
  }

  @Test(arguments: OfficialNetwork.names)
  func everyInputGivesTheRecordedOutput(_ name: String) throws {
    let network = try OfficialNetwork(name)
    let engine = try IntegerEngine(network.model)

    let logits = try engine.logits(ofCodes: network.inputs)

    let zeroPoint = Int32(network.model.nodes[network.model.output].grid.zeroPoint)
    if network.endsInSoftmax {
      // The recorded softmax is on a grid of 1/256: equal logits may only swap among equal probabilities.
      for (image, prediction) in logits.predictions.enumerated() {
        let row = network.outputs[(image * logits.classes)..<((image + 1) * logits.classes)]
        #expect(row[row.startIndex + prediction] == row.max())
      }
    } else {
      #expect(logits.values.map { $0 + zeroPoint } == network.outputs.map { Int32($0) })
    }
  }
}
