import Tensors

/// Networks of the literature, built from the catalogue's layers.
public enum ReferenceNetworks {
  /// The CIFAR ResNet with 20 weighted layers: 3 stages of 3 blocks with 16, 32 and 64 filters, 269,722 parameters
  /// that learn.
  ///
  /// Images are 32x32x3, scores 10. Shortcuts have no parameters (option A): every second row and column, and zeros for
  /// the new channels, half before and half behind the old ones.
  /// Source: He et al. 2016, section 4.2.
  ///
  /// - Throws: ``LayerError`` never for these extents.
  public static func resNet20() throws(LayerError) -> Graph {
    var builder = ResidualBuilder(graph: Graph(input: [32, 32, 3]))
    var value = try builder.convolution(0, channels: (3, 16), stride: 1, name: "stem")
    value = try builder.graph.add(ReLU(), [value], name: "stem_relu")
    var channels = 16
    for (stage, filters) in [16, 32, 64].enumerated() {
      for block in 0..<3 {
        value = try builder.block(
          value, channels: (channels, filters), name: "stage\(stage + 1)_\(block + 1)")
        channels = filters
      }
    }
    value = try builder.graph.add(GlobalAveragePool(), [value], name: "pool")
    value = try builder.graph.add(Flatten(), [value], name: "flat")
    try builder.graph.add(Linear(inFeatures: channels, features: 10), [value], name: "head")
    return builder.graph
  }
}

/// Adds the parts of a residual network to a graph.
private struct ResidualBuilder {
  var graph: Graph

  /// A 3x3 convolution without bias, and its batch norm.
  mutating func convolution(
    _ input: NodeIndex, channels: (from: Int, to: Int), stride: Int, name: String
  ) throws(LayerError) -> NodeIndex {
    let window = Window(kernel: [3, 3], stride: [stride, stride], padding: [1, 1, 1, 1])
    let conv = try Conv2d(inChannels: channels.from, filters: channels.to, window: window, hasBias: false)
    let value = try graph.add(conv, [input], name: name)
    return try graph.add(BatchNorm(channels: channels.to), [value], name: "\(name)_bn")
  }

  /// Two convolutions and the shortcut; halves the extents when the number of channels changes.
  mutating func block(
    _ input: NodeIndex, channels: (from: Int, to: Int), name: String
  ) throws(LayerError) -> NodeIndex {
    let stride = channels.from == channels.to ? 1 : 2
    var value = try convolution(input, channels: channels, stride: stride, name: "\(name)_a")
    value = try graph.add(ReLU(), [value], name: "\(name)_a_relu")
    value = try convolution(value, channels: (channels.to, channels.to), stride: 1, name: "\(name)_b")
    var shortcut = input
    if stride > 1 {
      let every = Window(kernel: [1, 1], stride: [stride, stride])
      shortcut = try graph.add(AveragePool(window: every), [input], name: "\(name)_take")
      let added = channels.to - channels.from
      let pad = Pad(padding: [0, 0, 0, 0], channels: [added / 2, added - added / 2])
      shortcut = try graph.add(pad, [shortcut], name: "\(name)_pad")
    }
    value = try graph.add(Add(), [value, shortcut], name: "\(name)_sum")
    return try graph.add(ReLU(), [value], name: "\(name)_relu")
  }
}
