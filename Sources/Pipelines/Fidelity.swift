#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Interchange
public import Tensors

/// How close the scores of a network are to those of another one, over images.
public struct Fidelity: Sendable, Equatable {
  /// Signal-to-quantization-noise ratio of the scores: 10 log10(Σ z² / Σ (z - z^)²), decibels; infinite for equal scores.
  public let sqnr: Double
  /// Mean over the images of KL(softmax(z) || softmax(z^)), nats.
  public let kl: Double
  /// Share of the images to which both give the same class, percent.
  public let agreement: Double
  /// What labels say of both; `nil` for images without.
  public let labelled: Labelled?

  /// Results that need labels.
  public struct Labelled: Sendable, Equatable {
    /// Mean cross-entropy of the network, and how much larger it is than the reference's, nats.
    public let loss, lossIncrease: Double
    /// Top-1 accuracy of the network, and how much lower it is than the reference's, percent.
    public let top1, top1Drop: Double
  }
}

extension Classifier {
  /// Compares the scores with those of a reference.
  ///
  /// - Parameter reference: Usually the FP32 network, whose scores are z in ``Fidelity``.
  /// - Throws: ``PipelineError`` when there is no image, or images do not fit one of the two, or a score is not finite.
  public func fidelity(
    to reference: any Classifier, on dataset: Dataset, options: EvaluationOptions = EvaluationOptions(),
    execution: Execution
  ) throws -> Fidelity {
    for network in [self as any Classifier, reference] {
      guard dataset.count > 0 else { throw PipelineError.noImages(purpose: "a comparison") }
      guard dataset.imageShape == network.inputShape else {
        throw PipelineError.shapeMismatch(images: "\(dataset.imageShape)", network: "\(network.inputShape)")
      }
    }
    guard classCount == reference.classCount else {
      throw PipelineError.classMismatch(labels: classCount, scores: reference.classCount)
    }
    if dataset.hasLabels { try check(dataset, purpose: "a comparison") }
    var sums = FidelitySums()
    for start in stride(from: 0, to: dataset.count, by: options.batchSize) {
      let rows = start..<min(start + options.batchSize, dataset.count)
      let exact = try reference.scores(for: dataset, rows: rows, execution: execution)
      let scores = try self.scores(for: dataset, rows: rows, execution: execution)
      let (winners, others) = (try scores.winners(firstImage: start), try exact.winners(firstImage: start))
      let width = classCount
      for (place, row) in rows.enumerated() {
        func numbers(of tensor: Tensor) -> [Double] { (0..<width).map { Double(tensor[place * width + $0]) } }
        let label = dataset.hasLabels ? dataset.label(row) : nil
        sums.add(numbers(of: exact), numbers(of: scores), label: label)
        sums.note(others[place], winners[place], label: label)
      }
      options.progress(rows.upperBound, dataset.count)
    }
    return sums.result(count: dataset.count, hasLabels: dataset.hasLabels)
  }
}

private struct FidelitySums {
  var (signal, noise, kl, loss, exactLoss) = (0.0, 0.0, 0.0, 0.0, 0.0)
  var (same, right, exactRight) = (0, 0, 0)

  mutating func add(_ z: [Double], _ other: [Double], label: Int?) {
    for (a, b) in zip(z, other) {
      signal += a * a
      noise += (a - b) * (a - b)
    }
    let (p, q) = (Self.logSoftmax(z), Self.logSoftmax(other))
    for (a, b) in zip(p, q) { kl += exp(a) * (a - b) }
    if let label {
      loss -= q[label]
      exactLoss -= p[label]
    }
  }

  mutating func note(_ exact: Int, _ winner: Int, label: Int?) {
    if exact == winner { same += 1 }
    if let label {
      if winner == label { right += 1 }
      if exact == label { exactRight += 1 }
    }
  }

  func result(count: Int, hasLabels: Bool) -> Fidelity {
    let n = Double(count)
    let labelled = Fidelity.Labelled(
      loss: loss / n, lossIncrease: (loss - exactLoss) / n, top1: 100 * Double(right) / n,
      top1Drop: 100 * Double(exactRight - right) / n)
    return Fidelity(
      sqnr: noise > 0 ? 10 * log10(signal / noise) : .infinity, kl: max(0, kl / n),
      agreement: 100 * Double(same) / n, labelled: hasLabels ? labelled : nil)
  }

  private static func logSoftmax(_ scores: [Double]) -> [Double] {
    let top = scores.max() ?? 0
    let sum = scores.reduce(0) { $0 + exp($1 - top) }
    return scores.map { $0 - top - log(sum) }
  }
}
