import Tensors

extension Model {
  /// Returns the model with every batch norm folded into the convolution or linear layer before it.
  ///
  ///     weight'[o, …] = weight[o, …] s[o],  bias'[o] = (bias[o] - mean[o]) s[o] + beta[o],  s = gamma / sqrt(variance + epsilon)
  ///
  /// A batch norm that follows no such layer, or one that others read too, becomes a depthwise 1x1 convolution with the
  /// same weights. Outputs in inference mode are equal up to rounding.
  /// Source: Jacob et al. 2018, eq. 14; Krishnamoorthi 2018, section 3.2.2.
  ///
  /// - Throws: ``LayerError`` when a parameter is missing.
  public func foldingBatchNorm() throws(LayerError) -> Model {
    var replacements: [String: any Layer] = [:]
    var bypassed: Set<String> = []
    var values = parameters
    for node in graph.nodes {
      guard let norm = node.layer as? BatchNorm else { continue }
      let (scale, shift) = try affine(of: norm, node.name)
      for name in ["weight", "bias", "running_mean", "running_var"] { values["\(node.name).\(name)"] = nil }
      let producer = graph.nodes[node.inputs[0]]
      if graph.soleUser(of: node.inputs[0]) != nil, let folded = producer.layer?.withBias {
        replacements[producer.name] = folded
        bypassed.insert(node.name)
        values.fold(scale, shift, into: producer.name)
      } else {
        replacements[node.name] = try norm.asConvolution(input: producer.shape)
        values["\(node.name).weight"] = Tensor([norm.channels, 1, 1, 1], scale)
        values["\(node.name).bias"] = Tensor([norm.channels], shift)
      }
    }
    return Model(graph: try graph.rewritten(replacing: replacements, bypassing: bypassed), parameters: values)
  }

  /// Scale and shift that inference applies per channel.
  private func affine(of norm: BatchNorm, _ name: String) throws(LayerError) -> (
    scale: [Float], shift: [Float]
  ) {
    var rows: [[Float]] = []
    for specification in norm.parameters {
      guard let value = parameters["\(name).\(specification.name)"] else {
        throw .invalid("the model has no parameter '\(name).\(specification.name)'")
      }
      rows.append(value.values)
    }
    let scale = (0..<norm.channels).map { c in
      Float(Double(rows[0][c]) / (Double(rows[3][c]) + Double(norm.epsilon)).squareRoot())
    }
    return (scale, (0..<norm.channels).map { rows[1][$0] - rows[2][$0] * scale[$0] })
  }
}

extension BatchNorm {
  fileprivate func asConvolution(input: Shape) throws(LayerError) -> Conv2d {
    guard input.rank == 3 else {
      throw .invalid("a batch norm on vectors folds only into a linear layer right before it")
    }
    return try Conv2d(
      inChannels: channels, filters: channels, window: Window(kernel: [1, 1]), groups: channels)
  }
}

extension Layer {
  /// The same convolution or linear layer with a bias; `nil` for other layers.
  fileprivate var withBias: (any Layer)? {
    if let conv = self as? Conv2d {
      return try? Conv2d(
        inChannels: conv.inChannels, filters: conv.filters, window: conv.window, groups: conv.groups)
    }
    return (self as? Linear).map { Linear(inFeatures: $0.inFeatures, features: $0.features) }
  }
}

extension [String: Tensor] {
  /// Scales the rows of a node's weight and moves its bias.
  fileprivate mutating func fold(_ scale: [Float], _ shift: [Float], into node: String) {
    guard let weight = self["\(node).weight"] else { return }
    let rowCount = weight.shape.droppingFirst.count
    let bias = self["\(node).bias"]?.values ?? [Float](repeating: 0, count: scale.count)
    self["\(node).weight"] = Tensor(weight.shape) { target in
      weight.withValues { source in
        for i in 0..<source.count { target[i] = source[i] * scale[i / rowCount] }
      }
    }
    self["\(node).bias"] = Tensor([scale.count], (0..<scale.count).map { bias[$0] * scale[$0] + shift[$0] })
  }
}
