import Layers
import Synchronization
import Tensors

/// Values of nodes over the calibration images: every n-th, and the extremes.
struct ActivationSamples {
  private var values: [NodeIndex: [Float]] = [:]
  private var extremes: [NodeIndex: ValueRange] = [:]

  /// Runs images through the FP32 network.
  ///
  /// - Parameters:
  ///   - limit: Values that are kept of a node, at most.
  ///   - batch: Images of a forward pass.
  init(
    _ model: Model, nodes: [NodeIndex], limit: Int, batch: Int, _ images: any CalibrationImages,
    execution: Execution, progress: ((Double) -> Void)? = nil
  ) throws {
    let count = images.imageCount
    guard count > 0 else { throw QuantizationError.emptyCalibration("the activations") }
    var strides: [NodeIndex: Int] = [:]
    for node in nodes {
      let total = count * model.graph.nodes[node].shape.count
      // Odd, so that it does not fall into step with rows and channels, which are mostly even.
      strides[node] = max(1, (total + limit - 1) / limit) | 1
    }
    try images.forEachBatch(of: batch) { start, batch in
      try GridSpecification.checkFinite(batch)
      var kept: [NodeIndex: [Float]] = [:]
      var ranges: [NodeIndex: ValueRange] = [:]
      _ = try model.forward(batch, execution: execution) { node, value in
        guard let step = strides[node] else { return }
        value.withValues { values in
          kept[node] = stride(from: 0, to: values.count, by: step).map { values[$0] }
          ranges[node] = GridSpecification.extremes(values)
        }
      }
      for (node, more) in kept { values[node, default: []] += more }
      for (node, range) in ranges {
        let old = extremes[node] ?? range
        extremes[node] = ValueRange(min(old.low, range.low), max(old.high, range.high))
      }
      progress?(0.9 * Double(start + batch.shape[0]) / Double(count))
    }
  }

  /// The sampled values of a node.
  func sampled(_ node: NodeIndex) -> [Float] { values[node] ?? [] }

  /// The sampled values of a node, its smallest and largest at the end.
  func values(of node: NodeIndex) -> Tensor {
    var all = sampled(node)
    if let range = extremes[node] { all += [range.low, range.high] }
    return Tensor([all.count], all)
  }

  /// Whether every value is a pixel `j / 255`.
  static func arePixels(_ values: Tensor) -> Bool {
    values.withValues { values in
      values.allSatisfy { $0 >= 0 && $0 <= 1 && abs($0 * 255 - ($0 * 255).rounded()) < 1e-4 }
    }
  }
}
