public import Layers
import Tensors

/// Two weighted layers with nothing between them but nodes that treat channels alike and alone: the channels in between can
/// be scaled, shifted or doubled in the first and undone in the second.
struct ChannelPair {
  /// The layer that makes the channels.
  let producer: NodeIndex
  /// The only layer that reads them.
  let consumer: NodeIndex
  /// The nodes between, front to back: ReLU, pools, flatten.
  let between: [NodeIndex]
}

extension Graph {
  /// Pairs in the order of their producers.
  var channelPairs: [ChannelPair] {
    nodes.indices.compactMap { index in
      guard nodes[index].layer?.isWeighted == true else { return nil }
      var between: [NodeIndex] = []
      var current = index
      while let user = soleUser(of: current), let layer = nodes[user].layer {
        if layer.isWeighted { return ChannelPair(producer: index, consumer: user, between: between) }
        guard layer.isHomogeneousPerChannel else { return nil }
        between.append(user)
        current = user
      }
      return nil
    }
  }
}

extension Layer {
  /// Whether `f(s x) = s f(x)` for every channel's `s > 0`, and no channel touches another.
  fileprivate var isHomogeneousPerChannel: Bool {
    self is ReLU || self is MaxPool || self is AveragePool || self is GlobalAveragePool || self is Flatten
  }
}

/// How the channels of a weighted layer lie in its weight.
struct ChannelWeights {
  /// The node's name.
  let name: String
  private let layer: any Layer
  /// Channels of the images it reads; features of flattened images repeat them.
  private let channels: Int

  /// - Parameter channels: Channels that the layer before it makes, for linear layers behind a flatten.
  init(_ node: Node, channels: Int = 0) {
    name = node.name
    guard let layer = node.layer, layer.isWeighted else { preconditionFailure("\(node.name) has no weights") }
    self.layer = layer
    self.channels = channels
  }

  /// The output channel of each value of the weight.
  func outputChannel(_ index: Int, _ weight: Tensor) -> Int { index / weight.shape.droppingFirst.count }

  /// The input channel of each value of the weight.
  func inputChannel(_ index: Int, _ weight: Tensor) -> Int {
    guard let conv = layer as? Conv2d else { return index % weight.shape[-1] % channels }
    let perGroup = conv.inChannels / conv.groups
    let group = outputChannel(index, weight) / (conv.filters / conv.groups)
    return group * perGroup + index % perGroup
  }

  /// The largest magnitude of each channel.
  func largest(_ weight: Tensor, _ count: Int, _ channel: (Int, Tensor) -> Int) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    weight.withValues { values in
      for (index, value) in values.enumerated() {
        let c = channel(index, weight)
        result[c] = max(result[c], abs(value))
      }
    }
    return result
  }

  /// Multiplies each value by the factor of its channel.
  func scaled(_ weight: Tensor, _ factors: [Float], _ channel: (Int, Tensor) -> Int) -> Tensor {
    Tensor(weight.shape) { target in
      weight.withValues { values in
        for index in values.indices { target[index] = values[index] * factors[channel(index, weight)] }
      }
    }
  }
}

extension Model {
  /// A parameter that ``validate()`` found.
  func required(_ key: String) -> Tensor {
    guard let value = parameters[key] else { preconditionFailure("no parameter \(key)") }
    return value
  }
}

/// A network after a stage of preprocessing, and how much there was to do.
public struct PreprocessedModel: Sendable {
  /// The network, batch norms folded.
  public var model: Model
  /// Pairs of layers, or channels, that were changed.
  public var changed: Int
}
