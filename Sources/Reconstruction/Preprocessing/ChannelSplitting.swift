public import Layers
import Tensors

/// Which input channels are split, and how exactly.
public struct ChannelSplitting: Hashable, Sendable {
  /// Share of a layer's input channels that is split, rounded up; above 0 up to 1.
  public var ratio: Double
  /// Bits of the weights' grid, 2...8; `nil` halves evenly.
  ///
  /// Halves are moved apart by half a step of the grid, so that their rounded sum is the rounded whole.
  public var bits: Int?

  /// Makes options.
  public init(ratio: Double = 0.02, bits: Int? = nil) {
    self.ratio = ratio
    self.bits = bits
  }

  /// Checks the fields.
  ///
  /// - Throws: ``ReconstructionError/invalid(_:)``.
  public func validate() throws(ReconstructionError) {
    guard ratio > 0 && ratio <= 1 else {
      throw .invalid("ratio is \(ratio); choose more than 0, up to 1 (0.02 is usual)")
    }
    if let bits, !(2...8).contains(bits) { throw .invalid("bits is \(bits); choose 2 to 8") }
  }
}

extension Model {
  /// Returns the network with the input channels of the largest weights doubled and those weights halved (outlier channel
  /// splitting), which narrows the ranges of weights by up to half.
  ///
  /// The channel with the largest magnitude is split, again and again. Its weights above half the largest magnitude become
  ///
  ///     w -> (w - step / 2) / 2  and  (w + step / 2) / 2,   step = 0 without bits
  ///
  /// the others stay in the first copy and are 0 in the second. The layer before it makes the doubled channel twice when
  /// only ReLU, pools or depthwise convolutions lie between; else slices and a concatenation copy it. Layers with groups
  /// and those that read the images stay as they are. Outputs are the same up to rounding.
  ///
  /// - Throws: ``ReconstructionError/invalid(_:)`` or ``LayerError``.
  /// Source: Zhao et al. 2019 (OCS), sections 3.2 and 3.3.
  public func splittingChannels(_ options: ChannelSplitting = ChannelSplitting()) throws -> PreprocessedModel
  {
    try options.validate()
    var result = try preparedForStages()
    var changed = 0
    for node in result.graph.nodes {
      guard let index = result.graph.index(of: node.name), result.graph.canSplit(index) else { continue }
      changed += try result.split(index, options)
    }
    return PreprocessedModel(model: result, changed: changed)
  }

  /// Splits channels of one layer; returns how many.
  private mutating func split(_ index: NodeIndex, _ options: ChannelSplitting) throws -> Int {
    let node = graph.nodes[index]
    let weight = required("\(node.name).weight")
    let channels = weight.shape[-1]
    let count = Int((options.ratio * Double(channels)).rounded(.up))
    let (widened, sources) = SplitWeight(weight, options).splitting(count)
    parameters["\(node.name).weight"] = widened
    let copies = Array(sources[channels...])
    graph = try graph.doubling(copies, before: index, &parameters)
    return count
  }
}

/// A weight `[…, channels]` whose input channels are being split.
private struct SplitWeight {
  private let shape: Shape
  private let options: ChannelSplitting
  /// Each channel's values, all rows and taps.
  private var columns: [[Float]]
  /// The original channel of each.
  private var sources: [Int]

  init(_ weight: Tensor, _ options: ChannelSplitting) {
    shape = weight.shape
    self.options = options
    let channels = weight.shape[-1]
    let values = weight.values
    columns = (0..<channels).map { c in stride(from: c, to: values.count, by: channels).map { values[$0] } }
    sources = Array(0..<channels)
  }

  /// Returns the weight with `count` more channels and the original channel of each.
  func splitting(_ count: Int) -> (weight: Tensor, sources: [Int]) {
    var copy = self
    for _ in 0..<count { copy.splitLargest() }
    let (columns, channels) = (copy.columns, copy.columns.count)
    let rows = columns.first?.count ?? 0
    let values = (0..<rows * channels).map { columns[$0 % channels][$0 / channels] }
    return (Tensor(Shape(Array(shape.dimensions.dropLast()) + [channels]), values), copy.sources)
  }

  private mutating func splitLargest() {
    let magnitudes = columns.map { $0.reduce(0) { max($0, abs($1)) } }
    guard let largest = magnitudes.max(), let channel = magnitudes.firstIndex(of: largest) else { return }
    // The range after this split, as far as the other channels allow.
    let others = magnitudes.enumerated().filter { $0.offset != channel }.map(\.element).max() ?? 0
    let range = max(others, largest / 2)
    let step = options.bits.map { 2 * range / Float((1 << $0) - 1) } ?? 0
    let whole = columns[channel]
    let halves = whole.map { w -> (Float, Float) in
      guard abs(w) > largest / 2 else { return (w, 0) }
      let first = (w - step / 2) / 2
      return (first, w - first)
    }
    columns[channel] = halves.map(\.0)
    columns.append(halves.map(\.1))
    sources.append(sources[channel])
  }
}

extension Graph {
  /// Whether the input channels of a node can be split: an ungrouped convolution or a linear layer on computed values.
  fileprivate func canSplit(_ index: NodeIndex) -> Bool {
    guard let source = nodes[index].inputs.first, source != 0 else { return false }
    switch nodes[index].layer {
    case let conv as Conv2d: return conv.groups == 1
    default: return nodes[index].layer is Linear
    }
  }

  /// Returns the graph in which node `index` reads copies of some channels behind its own input's.
  fileprivate func doubling(
    _ copies: [Int], before index: NodeIndex, _ parameters: inout [String: Tensor]
  ) throws -> Graph {
    var replacements = [nodes[index].name: try nodes[index].widened(by: copies.count)]
    var chain: [NodeIndex] = []
    var current = nodes[index].inputs[0]
    while isDoubled(current), soleUser(of: current) != nil {
      chain.append(current)
      guard let layer = nodes[current].layer, layer.passesChannels else { break }
      current = nodes[current].inputs[0]
    }
    guard let producer = chain.last, nodes[producer].layer?.passesChannels == false else {
      return try copying(copies, before: index, replacements)
    }
    for node in chain.map({ nodes[$0] }) where node.layer?.isWeighted == true {
      replacements[node.name] = try node.layer?.doublingOutputs(copies.count)
      for name in ["weight", "bias"] {
        guard let value = parameters["\(node.name).\(name)"] else { continue }
        parameters["\(node.name).\(name)"] = value.appendingRows(copies)
      }
    }
    return try rewritten(replacing: replacements, bypassing: [])
  }

  /// Whether a node's output channels can be made twice by it or by what it reads.
  private func isDoubled(_ index: NodeIndex) -> Bool {
    guard index != 0, let layer = nodes[index].layer else { return false }
    if layer is Flatten {
      let shape = nodes[nodes[index].inputs[0]].shape
      return shape.rank == 3 && shape[0] * shape[1] == 1
    }
    if let conv = layer as? Conv2d { return conv.groups == 1 || conv.isDepthwise }
    return layer.passesChannels || layer is Linear
  }

  /// Inserts a slice per copy and a concatenation before a node.
  private func copying(
    _ copies: [Int], before index: NodeIndex, _ replacements: [String: any Layer]
  ) throws -> Graph {
    var result = Graph(input: nodes[0].shape)
    var moved = [0]
    for (position, node) in nodes.enumerated().dropFirst() {
      guard let layer = replacements[node.name] ?? node.layer else { continue }
      var inputs = node.inputs.map { moved[$0] }
      if position == index {
        var parts = inputs
        for channel in copies {
          let slice = Slice(start: channel, end: channel + 1)
          parts.append(try result.add(slice, inputs, name: unused("\(node.name).copy", in: result)))
        }
        inputs = [try result.add(Concat(), parts, name: unused("\(node.name).doubled", in: result))]
      }
      moved.append(try result.add(layer, inputs, name: node.name))
    }
    result.output = moved[output]
    return result
  }
}

extension Graph {
  /// The name, or the first one with a number behind it, that neither this graph nor another has.
  fileprivate func unused(_ name: String, in other: Graph) -> String {
    let taken = Set(nodes.map(\.name)).union(other.nodes.map(\.name))
    return ([name] + (1...taken.count + 1).map { "\(name)\($0)" }).first { !taken.contains($0) } ?? name
  }
}

extension Layer {
  /// Whether a channel of the output depends on that channel of the input alone.
  fileprivate var passesChannels: Bool {
    if let conv = self as? Conv2d { return conv.isDepthwise && conv.inChannels > 1 }
    return self is ReLU || self is ReLU6 || self is HardSwish || self is MaxPool || self is AveragePool
      || self is GlobalAveragePool || self is Flatten
  }

  /// The layer with `count` more filters that copy others.
  fileprivate func doublingOutputs(_ count: Int) throws -> any Layer {
    if let linear = self as? Linear {
      return Linear(
        inFeatures: linear.inFeatures, features: linear.features + count, hasBias: linear.hasBias)
    }
    guard let conv = self as? Conv2d else { preconditionFailure("no weights to double") }
    let added = passesChannels ? count : 0
    return try Conv2d(
      inChannels: conv.inChannels + added, filters: conv.filters + count, window: conv.window,
      groups: conv.groups + added, hasBias: conv.hasBias)
  }
}

extension Conv2d {
  fileprivate var isDepthwise: Bool { groups == inChannels && filters == inChannels }
}

extension Node {
  /// The node's layer for `count` more input channels.
  fileprivate func widened(by count: Int) throws -> any Layer {
    if let linear = layer as? Linear {
      return Linear(
        inFeatures: linear.inFeatures + count, features: linear.features, hasBias: linear.hasBias)
    }
    guard let conv = layer as? Conv2d else { preconditionFailure("\(name) has no input channels to split") }
    return try Conv2d(
      inChannels: conv.inChannels + count, filters: conv.filters, window: conv.window, hasBias: conv.hasBias)
  }
}

extension Tensor {
  /// The rows and behind them copies of some of them.
  fileprivate func appendingRows(_ copies: [Int]) -> Tensor {
    let size = shape.droppingFirst.count
    let values = self.values
    return Tensor(
      shape.droppingFirst.batched(shape[0] + copies.count),
      values + copies.flatMap { values[$0 * size..<($0 + 1) * size] })
  }
}
