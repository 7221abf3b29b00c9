import Inference
import Layers
import Tensors
import Testing

/// A lowered network follows the fake-quantized one node by node, and its logits are as near as its codes.
struct LoweringTests {
  static let levels = [(13, 13), (61, 61), (256, 256)]

  /// Values of every graph node for one image, after fake quantization.
  private func fakeValues(_ network: FakeQuantizedNetwork, _ image: Tensor) throws -> [Tensor] {
    var values = [Tensor](repeating: Tensor([1], [0]), count: network.model.graph.nodes.count)
    _ = try network.model.forward(image, transforms: network.transforms, execution: Execution()) {
      values[$0] = $1
    }
    return values
  }

  private func codes(_ values: Tensor, _ grid: IntegerGrid) -> [UInt8] {
    values.values.map { grid.code(of: Double($0)) }
  }

  /// The graph nodes an integer node stands for, in order: a layer and perhaps its activation.
  private func chain(_ network: FakeQuantizedNetwork, _ node: Int) -> [Int] {
    network.model.graph.nodes.indices.filter { network.lowering.lowered[$0] == node }
  }

  /// What the chain computes from fake-quantized inputs before its own rounding.
  private func unrounded(_ network: FakeQuantizedNetwork, _ chain: [Int], _ values: [Tensor]) throws
    -> [Double]
  {
    let pass = LayerPass(mode: .inference, execution: Execution())
    var inputs = network.model.graph.nodes[chain[0]].inputs.map { values[$0] }
    for index in chain {
      let node = network.model.graph.nodes[index]
      let layer = try #require(node.layer)
      let parameters = try layer.parameters.map { parameter in
        let key = "\(node.name).\(parameter.name)"
        let value = try #require(network.model.parameters[key])
        return try network.transforms.parameters[key]?.apply(to: value, execution: Execution()) ?? value
      }
      inputs = [try layer.forward(inputs, parameters, pass).output]
    }
    return inputs[0].values.map { Double($0) }
  }

  /// How near a tie a value must be for another code: half a step of the bias and half a unit of the first rounding,
  /// both at most the multiplier; terms of a sum at 2^-20 of the larger scale; FP32 in the reference.
  private func slack(_ operation: IntegerOperation) -> Double {
    // Multipliers are those of sums with headroom, so their fractional bits count.
    let ratio: Double
    switch operation {
    case .convolution(let layer): ratio = layer.multipliers.map(\.value).max() ?? 0
    case .averagePool(_, .rescaled(let scales, _, _)): ratio = scales.map(\.value).max() ?? 0
    case .multiply(let scale, _, _): ratio = scale.value
    case .add(let addition): ratio = 4 * addition.result.value
    default: ratio = 0
    }
    return 1.5 * ratio + 0x1p-12
  }

  @Test(arguments: levels)
  func everyNodeFollowsTheFakeQuantizedGraph(_ levels: Int, _ weightLevels: Int) throws {
    let network = try FakeQuantizedNetwork(levels: levels, weightLevels: weightLevels)
    let images = FakeQuantizedNetwork.images(3)
    var checked = 0
    for image in 0..<3 {
      let values = try fakeValues(network, images.rows(image..<(image + 1)))
      for (index, node) in network.engine.model.nodes.enumerated() where index > 0 && !node.isWide {
        let chain = chain(network, index)
        let inputs = node.inputs.map { input in
          codes(values[self.chain(network, input).last ?? 0], network.engine.model.nodes[input].grid)
        }
        let expected = try unrounded(network, chain, values).map {
          ExpectedValue(value: $0, slack: slack(node.operation))
        }
        let found = try network.engine.output(ofNode: index, from: inputs)
        expectLocalLaw(found, expected, node.grid, "\(node.name), \(levels) levels")
        checked += 1
      }
    }
    #expect(checked > 40)
  }

  @Test(arguments: levels)
  func logitsDifferOnlyAsFarAsCodesDo(_ levels: Int, _ weightLevels: Int) throws {
    let network = try FakeQuantizedNetwork(levels: levels, weightLevels: weightLevels)
    let images = FakeQuantizedNetwork.images(64)
    let flat = try #require(network.model.graph.index(of: "flat"))
    var features = Tensor([1], [0])
    let fake = try network.model.forward(images, transforms: network.transforms, execution: Execution()) {
      if $0 == flat { features = $1 }
    }

    let engine = network.engine
    let logits = try engine.logits(of: images)

    let weights = try #require(network.weights["fc"])
    let last = engine.model.nodes[try #require(network.lowering.lowered[flat])].grid
    let inputCodes = images.values.map { engine.inputGrid.code(of: Double($0)) }
    var agreeing = 0
    var equalTop = 0
    for image in 0..<64 {
      let activations = try engine.activations(
        ofCodes: Array(inputCodes[(image * 784)..<((image + 1) * 784)]))
      let found = activations[try #require(network.lowering.lowered[flat])]
      let differences = (0..<16).map {
        Int(found[$0]) - Int(last.code(of: Double(features[image * 16 + $0])))
      }
      if differences.allSatisfy({ $0 == 0 }) { agreeing += 1 }
      for o in 0..<10 {
        // A linear layer carries each difference of a code with the weight it meets.
        let moved =
          (0..<16).reduce(0.0) { sum, c in
            sum + Double(differences[c] * (Int(weights.codes[o * 16 + c]) - weights.zeroPoints[o]))
          } * last.scale * weights.scales[o]
        let expected = Double(fake[image * 10 + o]) + moved
        // Half a step of the logits, half a step of the bias, FP32 of the reference.
        let bound = 0.5 * logits.scale + 0.5 * last.scale * weights.scales[o] + 1e-5 * (abs(expected) + 1)
        #expect(abs(Double(logits.values[image * 10 + o]) * logits.scale - expected) <= bound)
      }
      let row = (0..<10).map { fake[image * 10 + $0] }
      if row[logits.predictions[image]] == row.max() { equalTop += 1 }
    }
    print("\(levels) levels: all features equal for \(agreeing) of 64 images, top-1 for \(equalTop)")
    #expect(agreeing >= 60 && equalTop >= 63)
  }

  @Test func threadsAndKernelsDoNotChangeLogits() throws {
    let network = try FakeQuantizedNetwork(levels: 61, weightLevels: 61)
    let images = FakeQuantizedNetwork.images(37)
    let reference = try network.engine.logits(of: images)
    for variant in IntegerKernelVariant.all {
      let engine = try IntegerEngine(network.engine.model, variant: variant)
      #expect(try engine.logits(of: images, execution: Execution(threads: 3)) == reference)
    }
  }

  @Test func whatIsNotQuantizedIsNamed() throws {
    let network = try FakeQuantizedNetwork(levels: 13, weightLevels: 13)
    var grids = network.outputGrids
    grids["point"] = nil
    #expect(throws: InferenceError.notQuantized("point")) {
      var lowering = try GraphLowering(
        network.model.graph, outputGrids: grids, weights: network.weights, biases: [:])
      _ = try lowering.model()
    }
    #expect(throws: InferenceError.notQuantized("stem.weight")) {
      var lowering = try GraphLowering(
        network.model.graph, outputGrids: network.outputGrids, weights: [:], biases: [:])
      _ = try lowering.model()
    }
  }
}
