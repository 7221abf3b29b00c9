#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Layers
import Tensors

/// Turns a graph whose weights and activations have integer grids into an ``IntegerModel``.
///
/// Batch normalisation is folded before. A ReLU, ReLU6 or clip becomes the clamp of the node it follows. Layers that only move
/// values (max pool, flatten, slice, shuffle, pad) keep their input's grid. The output node, when nothing quantizes it,
/// gives 32-bit logits.
package struct GraphLowering {
  let graph: Graph
  /// Grids of node outputs by name.
  let outputGrids: [String: IntegerGrid]
  /// For outputs whose levels are not all codes of their grid: the level of a value, by node name.
  let levels: [String: @Sendable (Double) -> Double]
  /// Weights by node name.
  let weights: [String: IntegerWeights]
  /// Real biases by node name; zeros when absent.
  let biases: [String: [Double]]

  private var builder: IntegerModelBuilder
  /// The integer node that holds each graph node's value.
  package private(set) var lowered: [Int?]
  private let users: [[Int]]

  package init(
    _ graph: Graph, outputGrids: [String: IntegerGrid], levels: [String: @Sendable (Double) -> Double] = [:],
    weights: [String: IntegerWeights], biases: [String: [Double]]
  ) throws(InferenceError) {
    self.graph = graph
    self.outputGrids = outputGrids
    self.levels = levels
    self.weights = weights
    self.biases = biases
    users = graph.users
    lowered = graph.nodes.map { _ in nil }
    let input = graph.nodes[0]
    guard let grid = outputGrids[input.name] else { throw .notQuantized(input.name) }
    builder = IntegerModelBuilder(input: input.shape, grid: grid)
    lowered[0] = onLevels(0, [input.name])
  }

  /// Lowers every node the output needs.
  package mutating func model() throws(InferenceError) -> IntegerModel {
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
      let names = [node.name] + (isFused == true ? activation.map { [graph.nodes[$0.node].name] } ?? [] : [])
      let result = onLevels(try lower(layer, node, target), names)
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

  /// The ReLU, ReLU6 or clip that is the only reader of a node, and what it lets through.
  private func fusedActivation(of index: Int) -> (node: Int, range: IntegerModelBuilder.RealRange)? {
    guard index != graph.output, users[index].count == 1, let user = users[index].first,
      let range = graph.nodes[user].layer?.passedRange, let layer = graph.nodes[index].layer,
      layer is Conv2d || layer is Linear || layer is Add || layer is Multiply
    else { return nil }
    return (user, range)
  }

  private mutating func lower(
    _ layer: any Layer, _ node: Node, _ target: Target
  ) throws(InferenceError) -> Int {
    let inputs = try node.inputs.map { (input) throws(InferenceError) in try loweredInput(input) }
    switch layer {
    case is Conv2d, is Linear: return try lowerProduct(layer, node, target, input: inputs[0])
    case let pool as AveragePool where pool.isSelection:
      let chosen = builder.add(
        maximumOver: pool.window.geometry, of: inputs[0], name: node.name, shape: node.shape)
      return regridded(chosen, node.name, target.grid)
    case is Add, is Multiply, is AveragePool, is GlobalAveragePool, is Concat, is HardSwish, is Sigmoid,
      is HardSigmoid:
      return try lowerArithmetic(layer, node, target, inputs)
    default:
      if let range = layer.passedRange {
        return builder.add(
          function: { min(max($0, range.lowerBound), range.upperBound) }, of: inputs[0], name: node.name,
          grid: target.grid ?? builder.nodes[inputs[0]].grid)
      }
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
    let convolution = layer as? Conv2d
    var description = IntegerModelBuilder.Convolution(
      node.name, shape: node.shape, window: convolution?.window.geometry ?? WindowGeometry(kernel: [1, 1]),
      weights: weights, bias: biases[node.name] ?? [Double](repeating: 0, count: weights.scales.count),
      grid: target.grid)
    description.groups = convolution?.groups ?? 1
    description.range = target.range
    return try builder.add(description, input: input)
  }

  private mutating func lowerArithmetic(
    _ layer: any Layer, _ node: Node, _ target: Target, _ inputs: [Int]
  ) throws(InferenceError) -> Int {
    let grids = Set(inputs.map { builder.nodes[$0].grid })
    guard let grid = target.grid ?? (layer is Concat && grids.count == 1 ? grids.first : nil) else {
      throw .notQuantized(node.name)
    }
    switch layer {
    case is Add:
      return try builder.add(sumOf: inputs[0], inputs[1], name: node.name, grid: grid, range: target.range)
    case is Multiply:
      guard builder.nodes[inputs[0]].shape == builder.nodes[inputs[1]].shape else {
        throw .unsupportedLayer(node: node.name, kind: "mul by one factor per channel")
      }
      return try builder.add(
        productOf: inputs[0], inputs[1], name: node.name, grid: grid, range: target.range)
    case is Concat: return builder.add(channelsOf: inputs, name: node.name, shape: node.shape, grid: grid)
    case is HardSwish:
      return builder.add(
        function: { $0 * min(max($0 + 3, 0), 6) / 6 }, of: inputs[0], name: node.name, grid: grid)
    case is Sigmoid:
      return builder.add(function: { 1 / (1 + exp(-$0)) }, of: inputs[0], name: node.name, grid: grid)
    case let line as HardSigmoid:
      let (slope, offset) = (Double(line.slope), Double(line.offset))
      return builder.add(
        function: { min(max(slope * $0 + offset, 0), 1) }, of: inputs[0], name: node.name, grid: grid)
    default:
      let extents = Array(builder.nodes[inputs[0]].shape.dimensions.prefix(2))
      let pool = layer as? AveragePool
      return try builder.add(
        meanOver: pool?.window.geometry ?? WindowGeometry(kernel: extents, stride: extents), of: inputs[0],
        name: node.name, shape: node.shape, grid: grid, countsPadding: pool?.countsPadding ?? true)
    }
  }

  private mutating func lowerLayout(
    _ layer: any Layer, _ node: Node, input: Int
  ) throws(InferenceError) -> Int {
    let channels = builder.nodes[input].shape[-1]
    switch layer {
    case let pool as MaxPool:
      return builder.add(maximumOver: pool.window.geometry, of: input, name: node.name, shape: node.shape)
    case is Flatten: return builder.add(reshaped: input, name: node.name, to: node.shape)
    case let shuffle as ChannelShuffle:
      return builder.add(channels: shuffle.sources(channels: channels), of: input, name: node.name)
    case let slice as Slice:
      return builder.add(channels: Array(slice.start..<slice.end), of: input, name: node.name)
    case let pad as Pad:
      let offset = [pad.padding[0], pad.padding[1], pad.channels[0]]
      return builder.add(padded: input, name: node.name, offset: offset, to: node.shape)
    default: throw .unsupportedLayer(node: node.name, kind: type(of: layer).kind)
    }
  }

  /// Puts a node's codes on the levels of the first of some graph nodes that has any.
  private mutating func onLevels(_ node: Int, _ names: [String]) -> Int {
    guard let name = names.first(where: { levels[$0] != nil }), let level = levels[name] else { return node }
    return builder.add(function: level, of: node, name: name + ".levels", grid: builder.nodes[node].grid)
  }

  /// Brings a node's codes onto another grid where the graph quantizes them again.
  private mutating func regridded(_ node: Int, _ name: String, _ grid: IntegerGrid?) -> Int {
    guard let grid, grid != builder.nodes[node].grid else { return node }
    return builder.add(function: { $0 }, of: node, name: name + ".grid", grid: grid)
  }
}

extension Layer {
  /// The values a layer lets through, when cutting off is all it does.
  fileprivate var passedRange: IntegerModelBuilder.RealRange? {
    switch self {
    case is ReLU: 0...Double.infinity
    case is ReLU6: 0...6
    case let clip as Clip: Double(clip.low)...Double(clip.high)
    default: nil
    }
  }
}

extension Window {
  fileprivate var geometry: WindowGeometry {
    WindowGeometry(kernel: kernel, stride: stride, dilation: dilation, padding: Array(padding.prefix(2)))
  }
}

extension IntegerModel {
  /// Lowers a graph whose weights and activations have integer grids.
  ///
  /// Batch normalisation is folded before. The output node, when it has no grid, gives 32-bit logits; every other node
  /// needs a grid, except one whose only reader is a ReLU, ReLU6 or clip with a grid, and layers that only move values.
  ///
  /// - Parameters:
  ///   - outputGrids: Grids of outputs by node name; the graph's input has the name `input`.
  ///   - levels: For outputs whose levels are not all codes of their grid: the level of a value, by node name.
  ///   - weights: Codes and grids of weights by node name.
  ///   - biases: Real biases by node name, zeros when absent.
  /// - Throws: ``InferenceError`` naming the node that has no integer form.
  public init(
    lowering graph: Graph, outputGrids: [String: IntegerGrid],
    levels: [String: @Sendable (Double) -> Double] = [:],
    weights: [String: IntegerWeights], biases: [String: [Double]]
  ) throws(InferenceError) {
    var lowering = try GraphLowering(
      graph, outputGrids: outputGrids, levels: levels, weights: weights, biases: biases)
    self = try lowering.model()
  }
}
