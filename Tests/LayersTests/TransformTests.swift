import Layers
import Tensors
import Testing

/// `y = 2 x`: exact in FP32, so that laws hold bit for bit.
private struct Doubling: TensorTransform {
  func apply(to x: Tensor, execution: Execution) -> Tensor { Tensor(x.shape, x.values.map { 2 * $0 }) }
  func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) -> Tensor {
    apply(to: gradient, execution: execution)
  }
}

@Suite struct TransformTests {
  static func gradients(_ model: Model, _ transforms: GraphTransforms) throws -> TrainingResult {
    let (images, labels) = ModelTests.batch(9, seed: 3)
    return try model.gradients(
      images, loss: .softmaxCrossEntropy(labels: labels), transforms: transforms, execution: Execution())
  }

  /// Doubling a parameter is the network with the doubled value; its own gradient is doubled once more.
  ///
  /// Doubling the value that the parameter multiplies is the same network.
  @Test(arguments: [true, false])
  func gradientsPassThroughTransforms(onParameter: Bool) throws {
    let model = Model(graph: try ModelTests.network(), seed: 3)
    var doubled = model
    let head = try #require(model.parameters["head.weight"])
    doubled.parameters["head.weight"] = Doubling().apply(to: head, execution: Execution())
    let expected = try Self.gradients(doubled, GraphTransforms())

    let actual = try Self.gradients(
      model,
      onParameter
        ? GraphTransforms(parameters: ["head.weight": Doubling()])
        : GraphTransforms(outputs: ["flat": Doubling()]))

    #expect(actual.loss == expected.loss)
    #expect(actual.gradients.keys.sorted() == expected.gradients.keys.sorted())
    for (key, gradient) in expected.gradients {
      let factor: Float = key == "head.weight" ? 2 : 1
      #expect(actual.gradients[key]?.values == gradient.values.map { factor * $0 }, "\(key)")
    }
  }
}
