#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Tensors

/// A scalar to minimise, with its gradient.
public enum Loss: Sendable {
  /// Mean over images of `-sum over classes of target log softmax(scores)`; the target has `1 - smoothing` at the
  /// label and `smoothing` spread evenly over all classes.
  ///
  /// Source: Szegedy et al. 2016, section 7 (label smoothing).
  case softmaxCrossEntropy(labels: [Int], smoothing: Float = 0)
  /// Mean over all values of `(y - target)^2`.
  case meanSquaredError(target: Tensor)
  /// Sum over channels, mean over images and positions, of `weight |y - target|^power`, `1 <= power <= 4`; weight 1 when
  /// absent; all of it times `share`, the part that these images are of a batch whose gradients are summed.
  ///
  /// Source: Li et al. 2021 (BRECQ), eq. 10, with the weight the square of the task loss's gradient.
  case reconstruction(target: Tensor, power: Float = 2, weight: Tensor? = nil, share: Float = 1)
  /// Mean over images of the Kullback-Leibler divergence of the softmax of the scores from the softmax of the target.
  case distillation(target: Tensor)

  /// Returns the loss and its gradient with respect to the scores.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` when labels or target do not fit the scores.
  public func value(
    of scores: Tensor, execution: Execution = Execution()
  ) throws -> (loss: Double, gradient: Tensor) {
    switch self {
    case .softmaxCrossEntropy(let labels, let smoothing): try crossEntropy(scores, labels, smoothing)
    case .meanSquaredError(let target): try squaredError(scores, target)
    case .reconstruction(let target, let power, let weight, let share):
      try lpError(scores, target, power, weight, share, execution)
    case .distillation(let target): try divergence(scores, target)
    }
  }

  static func check(_ y: Tensor, _ target: Tensor) throws(LayerError) {
    guard y.shape == target.shape else {
      throw .invalid("the target is \(target.shape), but the output is \(y.shape)")
    }
  }

  private func crossEntropy(
    _ scores: Tensor, _ labels: [Int], _ smoothing: Float
  ) throws(LayerError) -> (loss: Double, gradient: Tensor) {
    let classes = scores.shape[-1]
    guard scores.shape.rank == 2, labels.count == scores.shape[0] else {
      throw .invalid("scores are \(scores.shape), but there are \(labels.count) labels")
    }
    if let label = labels.first(where: { !(0..<classes).contains($0) }) {
      throw .invalid("label \(label) is outside the \(classes) classes of the scores")
    }
    var gradient = Tensor.softmax(scores)
    let logSums = scores.logSumExp()
    let spread = smoothing / Float(classes)
    var loss = 0.0
    gradient.withMutableValues { p in
      for (row, label) in labels.enumerated() {
        for c in 0..<classes {
          let target = spread + (c == label ? 1 - smoothing : 0)
          let probability = p[row * classes + c]
          // A class without target may have a score of -infinity.
          if target > 0 { loss += Double(target) * (logSums[row] - Double(scores[row * classes + c])) }
          p[row * classes + c] = (probability - target) / Float(labels.count)
        }
      }
    }
    return (loss / Double(max(1, labels.count)), gradient)
  }

  private func squaredError(_ y: Tensor, _ target: Tensor) throws(LayerError) -> (
    loss: Double, gradient: Tensor
  ) {
    try Self.check(y, target)
    let scale = 2 / Float(max(1, y.count))
    var loss = 0.0
    let gradient = Tensor(y.shape) { gradient in
      y.withValues { y in
        target.withValues { target in
          for i in 0..<y.count {
            let difference = y[i] - target[i]
            loss += Double(difference) * Double(difference)
            gradient[i] = scale * difference
          }
        }
      }
    }
    return (loss / Double(max(1, y.count)), gradient)
  }
}

extension Tensor {
  /// Returns `exp(x) / sum exp(x)` over the last dimension, shifted by the maximum for range.
  public static func softmax(_ x: Tensor) -> Tensor {
    let classes = x.shape[-1]
    return Tensor(x.shape) { result in
      x.withValues { x in
        for row in 0..<(x.count / max(1, classes)) {
          let values = row * classes..<(row + 1) * classes
          let top = x[values].max() ?? 0
          var sum: Float = 0
          for i in values {
            result[i] = expf(x[i] - top)
            sum += result[i]
          }
          for i in values { result[i] /= sum }
        }
      }
    }
  }

  /// Returns `log sum exp(x)` of each row of the last dimension, in double.
  func logSumExp() -> [Double] {
    let classes = shape[-1]
    return withValues { x in
      (0..<(x.count / max(1, classes))).map { row in
        let values = x[row * classes..<(row + 1) * classes]
        let top = Double(values.max() ?? 0)
        return top + log(values.reduce(0.0) { $0 + exp(Double($1) - top) })
      }
    }
  }
}
