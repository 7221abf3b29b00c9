public import Layers
public import Quantizers
public import Tensors

extension QuantizedModel {
  /// Returns the model with each bias moved by the mean error of its weights on the inputs that batch norms promise.
  ///
  ///     bias[o] -= sum over taps and c of (W^ - W)[o, …, c] E[x[c]]
  ///
  /// E[x] is known behind a batch norm, also with a ReLU or ReLU6 after it, and from there through means, flatten and sums;
  /// layers that read anything else keep their bias. Zeros of the padding count as values of the mean E[x].
  ///
  /// - Parameter source: The FP32 network that was quantized, with its batch norms.
  /// - Returns: The model and the number of layers whose bias moved.
  /// - Throws: ``ReconstructionError/invalid(_:)`` when the source has other nodes or no layer reads a batch norm's values;
  ///   ``QuantizationError``; ``LayerError``.
  /// Source: Nagel et al. 2019 (DFQ), section 4.2.1 and appendix C.
  public func correctingBias(
    batchNormsOf source: Model, execution: Execution = Execution()
  ) throws -> (model: QuantizedModel, corrected: Int) {
    let exact = try referenceModel(source)
    let means = ExpectedMeans(source)
    var result = self
    result.model = try model.withBiases()
    var corrected = 0
    for place in plan.weights {
      let node = model.graph.nodes[place.node]
      guard let mean = means.input(of: node.name), let grid = weightGrids[place.key] else { continue }
      let weight = exact.required(place.key)
      let error = Tensor.elementwise(
        try grid.fakeQuantized(model.required(place.key), execution: execution), "-", weight)
      let channels = ChannelWeights(node, channels: mean.count)
      var shift = [Double](repeating: 0, count: node.shape[-1])
      for (index, value) in error.values.enumerated() {
        shift[channels.outputChannel(index, weight)] -=
          Double(value) * mean[channels.inputChannel(index, weight)]
      }
      result.model.moveBias(of: node.name, by: shift)
      corrected += 1
    }
    guard corrected > 0 else {
      throw ReconstructionError.invalid(
        "no quantized layer of the network reads values behind a batch norm. Give the network as it was before its batch "
          + "norms were folded, or correct with calibration images.")
    }
    return (result, corrected)
  }
}

/// The mean of every channel of a network's nodes, as far as its batch norms tell.
struct ExpectedMeans {
  /// What is known of a channel.
  private enum Channel {
    /// Normally distributed.
    case normal(mean: Double, deviation: Double)
    /// Of unknown distribution.
    case mean(Double)

    var mean: Double {
      switch self {
      case .normal(let mean, _), .mean(let mean): mean
      }
    }
  }

  private let graph: Graph
  private var channels: [NodeIndex: [Channel]] = [:]

  init(_ model: Model) {
    graph = model.graph
    for (index, node) in graph.nodes.enumerated() { channels[index] = known(node, model) }
  }

  /// The means of the channels that a node reads first; `nil` when unknown.
  func input(of name: String) -> [Double]? {
    guard let index = graph.index(of: name), let source = graph.nodes[index].inputs.first else { return nil }
    return channels[source]?.map(\.mean)
  }

  private func known(_ node: Node, _ model: Model) -> [Channel]? {
    let inputs = node.inputs.map { channels[$0] }
    switch node.layer {
    case is BatchNorm:
      let (gamma, beta) = (model.required("\(node.name).weight"), model.required("\(node.name).bias"))
      return zip(beta.values, gamma.values).map {
        .normal(mean: Double($0), deviation: abs(Double($1)))
      }
    case is ReLU: return inputs[0].flatMap { clipped($0, to: .infinity) }
    case is ReLU6: return inputs[0].flatMap { clipped($0, to: 6) }
    case is GlobalAveragePool: return inputs[0]?.map { .mean($0.mean) }
    case is Flatten:
      guard let input = inputs[0], !input.isEmpty else { return nil }
      return (0..<node.shape.count).map { input[$0 % input.count] }
    case is Add:
      guard let a = inputs[0], let b = inputs[1] else { return nil }
      return zip(a, b).map { .mean($0.mean + $1.mean) }
    default: return nil
    }
  }

  private func clipped(_ channels: [Channel], to high: Double) -> [Channel]? {
    var result: [Channel] = []
    for channel in channels {
      guard case .normal(let mean, let deviation) = channel else { return nil }
      result.append(.mean(NormalDistribution(mean: mean, deviation: deviation).mean(clippedTo: high)))
    }
    return result
  }
}
