public import Layers
import Tensors

/// How the channels between two layers are scaled.
public enum ChannelScaling: Hashable, Sendable {
  /// Both layers get the same range in each channel, `s = sqrt(r1 / r2)`; pairs in turn until nothing moves.
  ///
  /// Source: Nagel et al. 2019 (DFQ), eq. 11 and section 4.1.2.
  case equalize(iterations: Int = 100)
  /// Every channel of the first layer gets the range of its largest one, `s = r1 / max r1`, front to back.
  ///
  /// Source: Meller et al. 2019 ("Same, same but different"), section 3.
  case factorize
}

extension Model {
  /// Returns the network with the channels between layers scaled, which per-tensor ranges of weights gain from.
  ///
  ///     W1'[c, …] = W1[c, …] / s[c],  b1'[c] = b1[c] / s[c],  W2'[…, c] = W2[…, c] s[c]
  ///
  /// for every two convolutions or linear layers with only ReLU, pools or flatten between them; `r1[c]` and `r2[c]` are the
  /// largest magnitudes in W1 and W2 of channel c. As those nodes are positively homogeneous, outputs stay the same up to
  /// rounding. Channels without weights on either side stay. ReLU6 ends a chain; see ``replacingReLU6()``.
  ///
  /// - Throws: ``ReconstructionError/invalid(_:)`` when iterations is outside 1...10000 or a weight is not finite, or
  ///   ``LayerError``.
  public func scalingChannels(_ scaling: ChannelScaling = .equalize()) throws -> PreprocessedModel {
    var result = try preparedForStages()
    let pairs = result.graph.channelPairs
    switch scaling {
    case .factorize:
      for pair in pairs { _ = result.scale(pair) { first, _, largest in first / largest } }
    case .equalize(let iterations):
      guard (1...10_000).contains(iterations) else {
        throw ReconstructionError.invalid("iterations is \(iterations); choose 1 to 10000")
      }
      for _ in 0..<iterations {
        var largestMove: Float = 0
        for pair in pairs {
          let move = result.scale(pair) { first, second, _ in (first / second).squareRoot() }
          largestMove = max(largestMove, move)
        }
        if largestMove < 1e-4 { break }
      }
    }
    return PreprocessedModel(model: result, changed: pairs.count)
  }

  /// Returns the network with every ReLU6 replaced by a ReLU, so that scaling can pass.
  ///
  /// Outputs change where 6 was reached.
  /// Source: Nagel et al. 2019 (DFQ), section 5.1.1.
  ///
  /// - Throws: ``LayerError`` never for valid graphs.
  public func replacingReLU6() throws -> PreprocessedModel {
    let names = graph.nodes.filter { $0.layer is ReLU6 }.map(\.name)
    let replacements = Dictionary(uniqueKeysWithValues: names.map { ($0, ReLU() as any Layer) })
    let changed = try graph.rewritten(replacing: replacements, bypassing: [])
    return PreprocessedModel(model: Model(graph: changed, parameters: parameters), changed: names.count)
  }

  /// The network with batch norms folded and checked weights.
  func preparedForStages() throws -> Model {
    let folded = try foldingBatchNorm()
    try folded.validate()
    for key in folded.parameters.keys.sorted() {
      guard let bad = folded.required(key).values.firstIndex(where: { !$0.isFinite }) else { continue }
      throw ReconstructionError.invalid(
        "value \(bad) of '\(key)' is NaN or infinite. Load or train the network again.")
    }
    return folded
  }

  /// Scales the channels of a pair; returns the largest |s - 1|.
  private mutating func scale(
    _ pair: ChannelPair, _ factor: (_ first: Float, _ second: Float, _ largest: Float) -> Float
  ) -> Float {
    let (first, second) = (graph.nodes[pair.producer], graph.nodes[pair.consumer])
    let channels = first.shape[-1]
    let producer = ChannelWeights(first)
    let consumer = ChannelWeights(second, channels: channels)
    let (w1, w2) = (required("\(first.name).weight"), required("\(second.name).weight"))
    let r1 = producer.largest(w1, channels, producer.outputChannel)
    let r2 = consumer.largest(w2, channels, consumer.inputChannel)
    let largest = r1.max() ?? 0
    let s = (0..<channels).map { c -> Float in
      guard r1[c] > 0, r2[c] > 0 else { return 1 }
      // Far beyond what a trained network needs, near enough to keep products of finite weights finite.
      return min(1e4, max(1e-4, factor(r1[c], r2[c], largest)))
    }
    let inverse = s.map { 1 / $0 }
    parameters["\(first.name).weight"] = producer.scaled(w1, inverse, producer.outputChannel)
    parameters["\(second.name).weight"] = consumer.scaled(w2, s, consumer.inputChannel)
    if let bias = parameters["\(first.name).bias"] {
      parameters["\(first.name).bias"] = Tensor(bias.shape, zip(bias.values, inverse).map { $0 * $1 })
    }
    return s.reduce(0) { max($0, abs($1 - 1)) }
  }
}
