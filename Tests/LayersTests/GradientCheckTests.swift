import Layers
import Tensors
import Testing

/// A layer in a setting where its adjoint is compared with central differences.
struct GradientCase: Sendable, CustomStringConvertible {
  let kind: String
  let attributes: [String: LayerAttribute]
  let inputs: [Shape]
  var batch = 3
  var description: String { "\(kind) \(attributes.map { "\($0)=\($1.text)" }.sorted()) on \(inputs)" }

  static let all: [GradientCase] = convolutions + others

  static let convolutions: [GradientCase] = [
    conv([5, 7, 3], filters: 4, kernel: 3, ["padding": .integer(1)]),
    conv([5, 7, 3], filters: 4, kernel: 3, ["stride": .integer(2), "padding": .integers([0, 1, 1, 0])]),
    conv([7, 7, 4], filters: 6, kernel: 3, ["dilation": .integer(2), "groups": .integer(2)]),
    conv(
      [7, 5, 4], filters: 4, kernel: 3,
      ["groups": .integer(4), "padding": .integer(1), "stride": .integer(2)]),
    conv(
      [5, 5, 2], filters: 4, kernel: 3,
      ["groups": .integer(2), "padding": .integer(1), "bias": .boolean(false)]),
    conv([4, 4, 16], filters: 17, kernel: 1, [:]),
    conv([6, 6, 1], filters: 3, kernel: 5, ["padding": .integer(2)]),
  ]

  static func conv(
    _ input: Shape, filters: Int, kernel: Int, _ more: [String: LayerAttribute]
  ) -> GradientCase {
    let attributes = more.merging(["filters": .integer(filters), "kernel": .integer(kernel)]) { $1 }
    return GradientCase(kind: "conv2d", attributes: attributes, inputs: [input])
  }

  static let others: [GradientCase] = [
    GradientCase(kind: "linear", attributes: ["features": .integer(5)], inputs: [[7]]),
    GradientCase(
      kind: "linear", attributes: ["features": .integer(1), "bias": .boolean(false)], inputs: [[3]], batch: 1),
    GradientCase(kind: "batch_norm", attributes: [:], inputs: [[3, 5, 4]]),
    GradientCase(kind: "batch_norm", attributes: ["epsilon": .number(0.1)], inputs: [[6]], batch: 9),
    GradientCase(kind: "relu", attributes: [:], inputs: [[5, 7, 3]]),
    GradientCase(kind: "relu6", attributes: [:], inputs: [[5, 7, 3]]),
    GradientCase(kind: "hard_swish", attributes: [:], inputs: [[5, 7, 3]]),
    GradientCase(kind: "sigmoid", attributes: [:], inputs: [[5, 7, 3]]),
    GradientCase(kind: "hard_sigmoid", attributes: [:], inputs: [[5, 7, 3]]),
    GradientCase(
      kind: "hard_sigmoid", attributes: ["slope": .number(0.5), "offset": .number(1)], inputs: [[35]]),
    GradientCase(
      kind: "clip", attributes: ["low": .number(-1.5), "high": .number(3)], inputs: [[5, 7, 3]]),
    GradientCase(kind: "softmax", attributes: [:], inputs: [[11]]),
    GradientCase(kind: "softmax", attributes: [:], inputs: [[2, 3, 5]]),
    GradientCase(kind: "add", attributes: [:], inputs: [[5, 3, 2], [5, 3, 2]]),
    GradientCase(kind: "mul", attributes: [:], inputs: [[5, 3, 2], [5, 3, 2]]),
    GradientCase(kind: "mul", attributes: [:], inputs: [[5, 3, 4], [1, 1, 4]], batch: 17),
    GradientCase(kind: "mul", attributes: [:], inputs: [[5, 3, 4], [4]]),
    GradientCase(
      kind: "max_pool", attributes: ["kernel": .integer(3), "stride": .integer(2), "padding": .integer(1)],
      inputs: [[7, 5, 3]]),
    GradientCase(
      kind: "average_pool",
      attributes: ["kernel": .integer(3), "stride": .integer(2), "padding": .integer(1)],
      inputs: [[7, 5, 3]]),
    GradientCase(
      kind: "average_pool",
      attributes: ["kernel": .integer(3), "padding": .integer(1), "count_padding": .boolean(false)],
      inputs: [[5, 5, 2]]),
    GradientCase(kind: "global_average_pool", attributes: [:], inputs: [[5, 7, 3]], batch: 17),
    GradientCase(kind: "concat", attributes: [:], inputs: [[3, 3, 2], [3, 3, 5], [3, 3, 1]]),
    GradientCase(
      kind: "slice", attributes: ["start": .integer(1), "stop": .integer(4)], inputs: [[3, 3, 5]]),
    GradientCase(kind: "channel_shuffle", attributes: ["groups": .integer(2)], inputs: [[3, 3, 6]]),
    GradientCase(kind: "flatten", attributes: [:], inputs: [[3, 2, 2]]),
    GradientCase(
      kind: "pad", attributes: ["padding": .integers([1, 0, 2, 1]), "channels": .integers([1, 2])],
      inputs: [[3, 2, 2]]),
  ]
}

@Suite struct GradientCheckTests {
  @Test func everyCatalogueEntryHasACase() {
    #expect(Set(GradientCase.all.map(\.kind)) == Set(LayerCatalogue.entries.map(\.kind)))
  }

  /// The adjoint of a smooth map equals central differences; kinked layers are checked away from their kinks.
  @Test(arguments: GradientCase.all)
  func adjointMatchesCentralDifferences(_ example: GradientCase) throws {
    var random = RandomSource(seed: 11)
    let layer = try LayerCatalogue.entry(example.kind).layer(example.attributes, inputs: example.inputs)
    let pass = LayerPass(mode: .training, execution: Execution(threads: 2))
    let inputs = example.inputs.map { spread($0.batched(example.batch), &random) }
    let parameters = layer.parameters.map { noise($0.shape, &random, around: $0.isTrainable ? 0.5 : 1) }
    let saved = try layer.forward(inputs, parameters, pass)
    let probe = noise(saved.output.shape, &random, around: 0)

    let gradients = try layer.backward(probe, inputs: inputs, parameters: parameters, saved: saved, pass)

    func value(_ inputs: [Tensor], _ parameters: [Tensor]) throws -> Double {
      zip(try layer.forward(inputs, parameters, pass).output.values, probe.values).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    for (which, gradient) in gradients.inputs.enumerated() {
      try compare(gradient, at: inputs[which], &random, "input \(which)") { changed in
        var all = inputs
        all[which] = changed
        return try value(all, parameters)
      }
    }
    for (which, gradient) in gradients.parameters.enumerated() where layer.parameters[which].isTrainable {
      try compare(gradient, at: parameters[which], &random, layer.parameters[which].name) { changed in
        var all = parameters
        all[which] = changed
        return try value(inputs, all)
      }
    }
  }

  /// Compares up to 24 entries, drawn at random, with `(f(x + h) - f(x - h)) / 2 h`.
  private func compare(
    _ gradient: Tensor?, at x: Tensor, _ random: inout RandomSource, _ what: String,
    _ f: (Tensor) throws -> Double
  ) throws {
    let gradient = try #require(gradient)
    let step: Float = 1 / 64
    let scale = Double(max(1, gradient.values.map(abs).max() ?? 0))
    for _ in 0..<min(24, x.count) {
      let index = random.integer(below: x.count)
      var above = x
      var below = x
      above[index] += step
      below[index] -= step
      let numeric = (try f(above) - f(below)) / Double(2 * step)
      // FP32 sums of about 1e3 terms of size 1 carry 1e-4; divided by 2 h that is 4e-3, plus the h^2 term of curvature.
      #expect(abs(numeric - Double(gradient[index])) <= 5e-3 * scale, "\(what)[\(index)]")
    }
  }

  /// Values at least 3/64 from each other and from 0, ±3 and 6, so that no difference step crosses a kink or a tie.
  private func spread(_ shape: Shape, _ random: inout RandomSource) -> Tensor {
    let order = random.permutation(shape.count)
    return Tensor(shape, order.map { Float($0 - shape.count / 2) * 3 / 64 + 1.5 / 64 })
  }

  private func noise(_ shape: Shape, _ random: inout RandomSource, around center: Float) -> Tensor {
    Tensor(shape, (0..<shape.count).map { _ in center + random.uniform() - 0.5 })
  }
}
