import Layers
import Tensors
import Testing

@Suite struct FusionTests {
  /// Changes nothing, but keeps a ReLU from being computed by the layer before it.
  private struct Identity: TensorTransform {
    func apply(to x: Tensor, execution: Execution) -> Tensor { x }
    func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) -> Tensor { gradient }
  }

  @Test(arguments: [1, 2])
  func aFusedReLUGivesTheBitsOfTwoLayers(threads: Int) throws {
    let graph = try ReferenceNetworks.resNet20()
    let model = Model(graph: graph, seed: 7)
    var random = RandomSource(seed: 8)
    let images = Tensor([4, 32, 32, 3], (0..<4 * 3072).map { _ in random.normal() })
    let apart = GraphTransforms(
      outputs: Dictionary(uniqueKeysWithValues: graph.nodes.dropFirst().map { ($0.name, Identity()) }))
    let loss = Loss.softmaxCrossEntropy(labels: [1, 2, 3, 4])
    let execution = Execution(threads: threads)

    let fused = try model.gradients(images, loss: loss, execution: execution)
    let separate = try model.gradients(images, loss: loss, transforms: apart, execution: execution)

    #expect(bits(fused.output) == bits(separate.output))
    #expect(fused.gradients.mapValues(bits) == separate.gradients.mapValues(bits))
    #expect(fused.updatedBuffers.mapValues(bits) == separate.updatedBuffers.mapValues(bits))
  }

  /// The value before a ReLU may have another user, or be the result: then it must be there.
  @Test func valuesThatOthersReadAreNotFused() throws {
    var graph = Graph(input: [3])
    let norm = try graph.add(BatchNorm(channels: 3), [0], name: "norm")
    let relu = try graph.add(ReLU(), [norm], name: "relu")
    try graph.add(Add(), [norm, relu], name: "sum")
    let x = Tensor([2, 3], [-1, 2, 3, 1, -2, -3])

    let result = try Model(graph: graph, seed: 1).gradients(
      x, loss: .meanSquaredError(target: Tensor(zeros: [2, 3])), execution: Execution())
    graph.output = norm
    let before = try Model(graph: graph, seed: 1).gradients(
      x, loss: .meanSquaredError(target: Tensor(zeros: [2, 3])), execution: Execution())

    #expect(before.output.values.contains { $0 < 0 })
    #expect(result.output.values == before.output.values.map { $0 + max($0, 0) })
  }

  private func bits(_ tensor: Tensor) -> [UInt32] { tensor.values.map(\.bitPattern) }
}
