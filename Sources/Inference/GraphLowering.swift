import Layers
import Tensors

/// Turns a graph whose weights and activations have integer grids into an ``IntegerModel``.
///
/// Batch normalisation is folded before. A ReLU or ReLU6 becomes the clamp of the node it follows. Layers that only move
/// values (max pool, flatten, slice, shuffle, pad) keep their input's grid. The output node, when nothing quantizes it,
/// gives 32-bit logits.
struct GraphLowering {
  let graph: Graph
  /// Grids of node outputs by name.
  let outputGrids: [String: IntegerGrid]
  /// Weights by node name.
  let weights: [String: IntegerWeights]
  /// Real biases by node name; zeros when absent.
  let biases: [String: [Double]]

  private var builder: IntegerModelBuilder
  /// The integer node that holds each graph node's value.
  private var lowered: [Int?]
  private let users: [[Int]]

  init(
    _ graph: Graph, outputGrids: [String: IntegerGrid], weights: [String: IntegerWeights],
    biases: [String: [Double]]
  ) throws(InferenceError) {
    self.graph = graph
    self.outputGrids = outputGrids
    self.weights = weights
    self.biases = biases
    users = graph.users
    lowered = graph.nodes.map { _ in nil }
    let input = graph.nodes[0]
    guard let grid = outputGrids[input.name] else { throw .notQuantized(input.name) }
    builder = IntegerModelBuilder(input: input.shape, grid: grid)
    lowered[0] = 0
  }

  /// Lowers every node the output needs.
  mutating func model() throws(InferenceError) -> IntegerModel {
    for index in graph.nodes.indices.dropFirst() where lowered[index] == nil && index <= graph.output {
      let node = graph.nodes[index]
      guard let layer = node.layer else { continue }
      let activation = fusedActivation(of: index)
      let grid = outputGrids[node.name] ?? activation.flatMap { outputGrids[graph.nodes[$0.node].name] }
      // With a grid of its own in front of an activation that has another, both roundings happen.
      let isFused = activation.map {
        outputGrids[node.name] == nil || outputGrids[graph.nodes[$0.node].name] == nil
      }
      let target = Target(
        grid: grid, range: isFused == true ? activation?.range ?? Self.everything : Self.everything)
      let result = try lower(layer, node, target)
      lowered[index] = result
      if isFused == true, let activation { lowered[activation.node] = result }
    }
    guard let output = lowered[graph.output] else {
      throw .notQuantized(graph.nodes[graph.output].name)
    }
    return builder.model(output: output)
  }

  private static let everything = IntegerModelBuilder.everything

  /// Where a layer's result goes.
  private struct Target {
    let grid: IntegerGrid?
    let range: IntegerModelBuilder.RealRange
  }

  /// The ReLU or ReLU6 that is the only reader of a node, and what it lets through.
  private func fusedActivation(of index: Int) -> (node: Int, range: IntegerModelBuilder.RealRange)? {
    guard index != graph.output, users[index].count == 1, let kind = graph.nodes[index].kind,
      ["conv2d", "linear", "add", "mul"].contains(kind), let user = users[index].first,
      let range = clamp(graph.nodes[user].kind)
    else { return nil }
    return (user, range)
  }

  private func clamp(_ kind: String?) -> IntegerModelBuilder.RealRange? {
    switch kind {
    case "relu": 0...Double.infinity
    case "relu6": 0...6
    default: nil
    }
  }

  private mutating func lower(
    _ layer: any Layer, _ node: Node, _ target: Target
  ) throws(InferenceError) -> Int {
    let inputs = try node.inputs.map { (input) throws(InferenceError) in try loweredInput(input) }
    switch type(of: layer).kind {
    case "conv2d", "linear": return try lowerProduct(layer, node, target, input: inputs[0])
    case "add", "mul", "average_pool", "global_average_pool", "hard_swish", "concat":
      return try lowerArithmetic(layer, node, target, inputs)
    case "relu", "relu6":
      let range = clamp(node.kind) ?? Self.everything
      let grid = target.grid ?? builder.nodes[inputs[0]].grid
      return builder.add(
        function: { min(max($0, range.lowerBound), range.upperBound) }, of: inputs[0], name: node.name,
        grid: grid)
    default:
      return regridded(try lowerLayout(layer, node, input: inputs[0]), node.name, target.grid)
    }
  }

  private func loweredInput(_ index: Int) throws(InferenceError) -> Int {
    guard let input = lowered[index] else { throw .notQuantized(graph.nodes[index].name) }
    if builder.nodes[input].isWide { throw .notQuantized(graph.nodes[index].name) }
    return input
  }

  private mutating func lowerProduct(
    _ layer: any Layer, _ node: Node, _ target: Target, input: Int
  ) throws(InferenceError) -> Int {
    guard let weights = weights[node.name] else { throw .notQuantized(node.name + ".weight") }
    if target.grid == nil && node.name != graph.nodes[graph.output].name { throw .notQuantized(node.name) }
    let channels = weights.scales.count
    var description = IntegerModelBuilder.Convolution(
      node.name, shape: node.shape, window: layer.window, weights: weights,
      bias: biases[node.name] ?? [Double](repeating: 0, count: channels), grid: target.grid)
    description.groups = layer.integers("groups").first ?? 1
    description.range = target.range
    return try builder.add(description, input: input)
  }

  private mutating func lowerArithmetic(
    _ layer: any Layer, _ node: Node, _ target: Target, _ inputs: [Int]
  ) throws(InferenceError) -> Int {
    let kind = type(of: layer).kind
    let grids = Set(inputs.map { builder.nodes[$0].grid })
    guard let grid = target.grid ?? (kind == "concat" && grids.count == 1 ? grids.first : nil) else {
      throw .notQuantized(node.name)
    }
    switch kind {
    case "add":
      return try builder.add(sumOf: inputs[0], inputs[1], name: node.name, grid: grid, range: target.range)
    case "mul":
      return try builder.add(
        productOf: inputs[0], inputs[1], name: node.name, grid: grid, range: target.range)
    case "concat": return builder.add(channelsOf: inputs, name: node.name, shape: node.shape, grid: grid)
    case "hard_swish":
      return builder.add(
        function: { $0 * min(max($0 + 3, 0), 6) / 6 }, of: inputs[0], name: node.name, grid: grid)
    default:
      let extents = builder.nodes[inputs[0]].shape.dimensions
      let isGlobal = kind == "global_average_pool"
      let whole = WindowGeometry(kernel: Array(extents.prefix(2)), stride: Array(extents.prefix(2)))
      return try builder.add(
        meanOver: isGlobal ? whole : layer.window, of: inputs[0], name: node.name, shape: node.shape,
        grid: grid,
        countsPadding: layer.boolean("count_padding") ?? true)
    }
  }

  private mutating func lowerLayout(
    _ layer: any Layer, _ node: Node, input: Int
  ) throws(InferenceError) -> Int {
    let source = builder.nodes[input].shape
    switch type(of: layer).kind {
    case "max_pool":
      return builder.add(maximumOver: layer.window, of: input, name: node.name, shape: node.shape)
    case "flatten": return builder.add(reshaped: input, name: node.name, to: node.shape)
    case "channel_shuffle":
      let groups = max(1, layer.integers("groups").first ?? 1)
      let inside = source[-1] / groups
      let order = (0..<source[-1]).map { $0 % groups * inside + $0 / groups }
      return builder.add(channels: order, of: input, name: node.name)
    case "slice":
      let first = layer.integers("start").first ?? 0
      return builder.add(channels: (0..<node.shape[-1]).map { first + $0 }, of: input, name: node.name)
    case "pad":
      let padding = layer.integers("padding")
      guard padding.count >= 2 else { throw .unsupportedLayer(node: node.name, kind: "pad") }
      let offset = [padding[0], padding[1], layer.integers("channels").first ?? 0]
      return builder.add(padded: input, name: node.name, offset: offset, to: node.shape)
    default: throw .unsupportedLayer(node: node.name, kind: type(of: layer).kind)
    }
  }

  /// Brings a node's codes onto another grid where the graph quantizes them again.
  private mutating func regridded(_ node: Int, _ name: String, _ grid: IntegerGrid?) -> Int {
    guard let grid, grid != builder.nodes[node].grid else { return node }
    return builder.add(function: { $0 }, of: node, name: name + ".grid", grid: grid)
  }
}

extension Node {
  var kind: String? { layer.map { type(of: $0).kind } }
}

extension Layer {
  func integers(_ name: String) -> [Int] {
    switch attributes.first(where: { $0.name == name })?.value {
    case .integer(let value): [value]
    case .integers(let values): values
    default: []
    }
  }

  func boolean(_ name: String) -> Bool? {
    if case .boolean(let value) = attributes.first(where: { $0.name == name })?.value { value } else { nil }
  }

  /// The window a layer's attributes describe; 1x1 for a linear layer.
  var window: WindowGeometry {
    let kernel = integers("kernel")
    guard kernel.count == 2 else { return WindowGeometry(kernel: [1, 1]) }
    func pair(_ name: String, _ absent: Int) -> [Int] {
      let values = integers(name)
      return values.count >= 2 ? Array(values.prefix(2)) : [absent, absent]
    }
    return WindowGeometry(
      kernel: kernel, stride: pair("stride", 1), dilation: pair("dilation", 1), padding: pair("padding", 0))
  }
}
