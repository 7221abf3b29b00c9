public import Layers
import Quantizers
public import Tensors

extension Model {
  /// Returns the network with the part of each bias that ReLU never cuts moved to the next layer, which shrinks ranges.
  ///
  ///     c = max(0, mean - deviations * standard deviation)  of a channel before its ReLU, over the calibration images
  ///     b1' = b1 - c,  b2' = b2 + W2 c
  ///
  /// Exact where the channel stays above c; for a normal distribution and 3 deviations 0.13 % of values do not. Only
  /// across nodes without zero padding, where the zeros at the border would stand for c: 1x1 convolutions, linear layers
  /// and pools.
  ///
  /// - Parameters:
  ///   - calibration: Images, read in batches.
  ///   - deviations: 0...10.
  ///   - batch: Images per forward pass.
  /// - Throws: ``ReconstructionError/invalid(_:)``, ``QuantizationError/emptyCalibration(_:)`` or ``LayerError``.
  /// Source: Nagel et al. 2019 (DFQ), section 4.1.3; they take mean and deviation from the batch norm.
  public func absorbingBias(
    calibration: any CalibrationImages, deviations: Double = 3, batch: Int = 32,
    execution: Execution = Execution()
  ) throws -> PreprocessedModel {
    guard deviations >= 0 && deviations <= 10 else {
      throw ReconstructionError.invalid("deviations is \(deviations); choose 0 to 10 (3 is usual)")
    }
    try ClosedFormOptions(batch: batch).validate()
    var result = try preparedForStages().withBiases()
    let pairs = result.graph.channelPairs.filter { result.graph.passesShifts($0) }
    guard !pairs.isEmpty else { return PreprocessedModel(model: result, changed: 0) }
    // Outputs of the pairs' other layers stay what they are, so the moments of all can be taken before anything moves.
    let moments = try ChannelMoments(result, pairs.map(\.producer), calibration, batch, execution)
    for pair in pairs {
      let shift = zip(moments.mean(of: pair.producer), moments.deviation(of: pair.producer)).map {
        max(0, $0 - deviations * $1)
      }
      result.absorb(shift, pair)
    }
    return PreprocessedModel(model: result, changed: pairs.count)
  }

  private mutating func absorb(_ shift: [Double], _ pair: ChannelPair) {
    let (first, second) = (graph.nodes[pair.producer], graph.nodes[pair.consumer])
    moveBias(of: first.name, by: shift.map { -$0 })
    let consumer = ChannelWeights(second, channels: first.shape[-1])
    let weight = required("\(second.name).weight")
    var moved = [Double](repeating: 0, count: second.shape[-1])
    for (index, value) in weight.values.enumerated() {
      moved[consumer.outputChannel(index, weight)] +=
        Double(value) * shift[consumer.inputChannel(index, weight)]
    }
    moveBias(of: second.name, by: moved)
  }
}

extension Graph {
  /// Whether a shift of the channels passes from the producer's ReLU to the consumer: there is a ReLU, and no padding.
  fileprivate func passesShifts(_ pair: ChannelPair) -> Bool {
    guard let relu = pair.between.first, nodes[relu].layer is ReLU else { return false }
    return (pair.between + [pair.consumer]).allSatisfy { index in
      switch nodes[index].layer {
      case let conv as Conv2d: conv.window.padding.allSatisfy { $0 == 0 }
      case let pool as AveragePool: pool.window.padding.allSatisfy { $0 == 0 }
      default: true
      }
    }
  }
}

/// Mean and standard deviation of each channel of some nodes.
private struct ChannelMoments {
  private var sums: [NodeIndex: [Double]] = [:]
  private var squares: [NodeIndex: [Double]] = [:]
  private var counts: [NodeIndex: Double] = [:]

  init(
    _ model: Model, _ nodes: [NodeIndex], _ images: any CalibrationImages, _ batch: Int,
    _ execution: Execution
  ) throws {
    let wanted = Set(nodes)
    guard images.imageCount > 0 else { throw QuantizationError.emptyCalibration("bias absorption") }
    try images.forEachBatch(of: batch) { _, part in
      var seen: [(node: NodeIndex, value: Tensor)] = []
      _ = try model.forward(part, execution: execution) { node, value in
        if wanted.contains(node) { seen.append((node, value)) }
      }
      for (node, value) in seen {
        sums[node] = ChannelMoments.sum(sums[node], value.channelSums)
        squares[node] = ChannelMoments.sum(
          squares[node], Tensor.elementwise(value, "*", value).channelSums)
        counts[node, default: 0] += Double(value.count / value.shape[-1])
      }
    }
    guard sums.values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw ReconstructionError.invalid(
        "a node's values are not finite on the calibration images. Check the images and the weights.")
    }
  }

  private static func sum(_ total: [Double]?, _ more: [Double]) -> [Double] {
    total.map { zip($0, more).map(+) } ?? more
  }

  func mean(of node: NodeIndex) -> [Double] { (sums[node] ?? []).map { $0 / (counts[node] ?? 1) } }

  func deviation(of node: NodeIndex) -> [Double] {
    zip(squares[node] ?? [], mean(of: node)).map { max(0, $0 / (counts[node] ?? 1) - $1 * $1).squareRoot() }
  }
}
