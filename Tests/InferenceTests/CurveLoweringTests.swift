import Foundation
import Inference
import Layers
import Quantizers
import Tensors
import Testing

/// Clips, sigmoids and hard sigmoids between quantized layers, and what has no integer form.
@Suite struct CurveLoweringTests {
  /// A quantized network with some layers between its convolution and its scores.
  private func quantized(
    _ layers: [(name: String, layer: any Layer)], gate: (any Layer)? = nil
  ) throws -> QuantizedModel {
    var graph = Graph(input: [28, 28, 1])
    var value = try graph.add(
      Conv2d(inChannels: 1, filters: 4, window: Window(kernel: [5, 5], stride: [3, 3])), [0], name: "conv")
    for (name, layer) in layers { value = try graph.add(layer, [value], name: name) }
    if let gate {
      let pooled = try graph.add(GlobalAveragePool(), [value], name: "pool")
      value = try graph.add(gate, [value, pooled], name: "gate")
    }
    value = try graph.add(GlobalAveragePool(), [value], name: "mean")
    value = try graph.add(Flatten(), [value], name: "flat")
    try graph.add(Linear(inFeatures: 4, features: 3), [value], name: "fc")
    return try .quantizing(
      Model(graph: graph, seed: 3), CompilationTests.options("uniform8"),
      calibration: FakeQuantizedNetwork.images(32))
  }

  /// A curve of codes is the curve of their values, rounded once.
  @Test func curvesAreTablesOfTheirFunction() throws {
    let model = try quantized([
      ("clip", try Clip(low: -0.25, high: 0.5)), ("sigmoid", Sigmoid()),
      ("hard", HardSigmoid(slope: 2, offset: -1)),
    ])
    let engine = try model.compiled()
    let curves: [(String, (Double) -> Double)] = [
      ("sigmoid", { 1 / (1 + exp(-$0)) }), ("hard", { min(max(2 * $0 - 1, 0), 1) }),
    ]
    for (name, curve) in curves {
      let index = try #require(engine.model.nodes.firstIndex { $0.name == name })
      let node = engine.model.nodes[index]
      let source = engine.model.nodes[node.inputs[0]]
      let inputs = (0..<source.shape.count).map { UInt8($0 % source.grid.levels) }

      let found = try engine.output(ofNode: index, from: [inputs])

      let expected = inputs.map { Int32(node.grid.code(of: curve(source.grid.value(Int($0))))) }
      #expect(found == expected)
    }
  }

  @Test func aClipBecomesTheBoundsOfTheLayerBeforeIt() throws {
    let engine = try quantized([("clip", try Clip(low: -0.25, high: 0.5))]).compiled()
    let index = try #require(engine.model.nodes.firstIndex { $0.name == "conv" })
    let grid = engine.model.nodes[index].grid
    let image = FakeQuantizedNetwork.images(1).values.map { engine.inputGrid.code(of: Double($0)) }

    let codes = try engine.activations(ofCodes: image)[index]

    #expect(codes.allSatisfy { grid.code(of: -0.25) <= $0 && $0 <= grid.code(of: 0.5) })
    #expect(Set(codes).count > 4)
  }

  @Test func layersWithoutAnIntegerFormAreNamed() throws {
    let softmax = try quantized([("soft", Softmax())])
    let gated = try quantized([], gate: Multiply())

    #expect(throws: InferenceError.unsupportedLayer(node: "soft", kind: "softmax")) { try softmax.compiled() }
    #expect(throws: InferenceError.unsupportedLayer(node: "gate", kind: "mul by one factor per channel")) {
      try gated.compiled()
    }
  }
}
