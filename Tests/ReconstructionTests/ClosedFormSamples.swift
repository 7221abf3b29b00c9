import Layers
import Quantizers
import Tensors

@testable import Reconstruction

/// Networks, images and grids that the tests of closed-form rounding walk over.
enum ClosedFormSamples {
  static func normal(_ shape: Shape, seed: UInt64 = 1, scale: Float = 1) -> Tensor {
    var random = RandomSource(seed: seed)
    return Tensor(shape, (0..<shape.count).map { _ in random.normal() * scale })
  }

  /// Images whose channels and neighbours are correlated, as real ones are.
  static func images(_ shape: Shape, seed: UInt64 = 7) -> Tensor {
    var values = normal(shape, seed: seed).values
    for index in values.indices.dropFirst() { values[index] = 0.8 * values[index - 1] + 0.6 * values[index] }
    return Tensor(shape, values)
  }

  /// A network of one layer.
  struct Network: CustomStringConvertible, Sendable {
    let description: String
    let model: Model
  }

  static let networks: [Network] = [
    network("convolution", [8, 8, 6], { try Conv2d(inChannels: 6, filters: 10, window: same) }),
    network("grouped", [8, 8, 8], { try Conv2d(inChannels: 8, filters: 12, window: same, groups: 2) }),
    network("depthwise", [9, 7, 8], { try Conv2d(inChannels: 8, filters: 8, window: strided, groups: 8) }),
    network("dilated", [9, 9, 5], { try Conv2d(inChannels: 5, filters: 6, window: dilated) }),
    network("linear", [160], { Linear(inFeatures: 160, features: 12) }),
  ]

  static let same = Window(kernel: [3, 3], padding: [1, 1, 1, 1])
  static let strided = Window(kernel: [3, 2], stride: [2, 1], padding: [1, 0, 0, 1])
  static let dilated = Window(kernel: [3, 3], padding: [2, 2, 2, 2], dilation: [2, 2])

  static func network(_ name: String, _ input: Shape, _ layer: () throws -> any Layer) -> Network {
    var graph = Graph(input: input)
    do { try graph.add(try layer(), [0], name: "layer") } catch { preconditionFailure("\(error)") }
    return Network(description: name, model: Model(graph: graph, seed: 3))
  }

  /// Three convolutions, one of them depthwise, and a linear layer.
  static func chain() throws -> Model {
    var graph = Graph(input: [8, 8, 3])
    var x = try graph.add(Conv2d(inChannels: 3, filters: 12, window: same), [0], name: "a")
    x = try graph.add(ReLU(), [x], name: "a_relu")
    x = try graph.add(Conv2d(inChannels: 12, filters: 12, window: same, groups: 12), [x], name: "b")
    x = try graph.add(ReLU(), [x], name: "b_relu")
    x = try graph.add(Conv2d(inChannels: 12, filters: 16, window: Window(kernel: [1, 1])), [x], name: "c")
    x = try graph.add(ReLU(), [x], name: "c_relu")
    x = try graph.add(GlobalAveragePool(), [x], name: "pool")
    x = try graph.add(Flatten(), [x], name: "flat")
    try graph.add(Linear(inFeatures: 16, features: 10), [x], name: "head")
    return Model(graph: graph, seed: 5)
  }

  /// One kind of grid.
  struct Grid: CustomStringConvertible, Sendable {
    let description: String
    let fit: @Sendable (Tensor) throws -> any QuantizationGrid
  }

  static let grids: [Grid] = [
    region("uniform 3 bits per channel", GridSpecification(bits: 3, group: .channel(axis: 0))),
    region("uniform 4 bits per tensor, symmetric", GridSpecification(bits: 4, isSymmetric: true)),
    region("uniform 2 bits per channel", GridSpecification(bits: 2, group: .channel(axis: 0))),
    region("AuGQ 2 bits, K = 4", GridSpecification(bits: 2, intervals: 4, group: .channel(axis: 0))),
    region(
      "unequal edges",
      GridSpecification(bits: 1, intervals: 4, group: .channel(axis: 0), edges: .fractions([0.3, 0.5, 0.7]))),
    region("blocks of 7", GridSpecification(bits: 3, group: .block(size: 7))),
    region(
      "blocks of 8 choose an interval",
      GridSpecification(
        bits: 2, intervals: 4, group: .channel(axis: 0), edges: .geometric(ratio: 1.6),
        choice: .perBlock(size: 8))),
    region(
      "blocks of 5 choose in groups of 11",
      GridSpecification(
        bits: 2, intervals: 2, group: .block(size: 11), edges: .geometric(ratio: 2),
        choice: .perBlock(size: 5))),
    Grid(description: "NF4") { try Codebook.fit(.scaled(nf4), bits: 4, group: .channel(axis: 0), to: $0) },
    Grid(description: "k-means, 6 levels") { try Codebook.fit(.kMeans(), bits: 3, to: $0) },
    Grid(description: "powers of two") {
      try Codebook.fit(.powerOfTwo, bits: 3, group: .channel(axis: 0), to: $0)
    },
  ]

  /// The levels of NF4, rounded.
  ///
  /// Source: Dettmers et al. 2023 (QLoRA), appendix E.
  static let nf4: [Float] = [
    -1, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0, 0.0796, 0.1609, 0.2461, 0.3379, 0.4407,
    0.5626,
    0.723, 1,
  ]

  private static func region(_ name: String, _ specification: GridSpecification) -> Grid {
    Grid(description: name) { try specification.fit(to: $0) }
  }

  /// The network with a grid on the weights of every convolution and linear layer, activations FP32.
  static func quantized(_ model: Model, _ grid: Grid) throws -> QuantizedModel {
    let options = QuantizationOptions(weights: GridSpecification(bits: 8), activations: nil, firstLast: nil)
    var result = try QuantizedModel.quantizing(model, options, calibration: Tensor(zeros: [0]))
    for place in result.plan.weights {
      guard let weight = result.model.parameters[place.key] else { continue }
      result.weightGrids[place.key] = try grid.fit(weight)
    }
    return result
  }

  /// The mean squared difference of two networks' outputs.
  static func error(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.values, b.values).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(a.count)
  }
}
