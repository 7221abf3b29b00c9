public import Interchange
public import Tensors

/// How well a classifier does on a data set, and how fast it did it.
public struct Evaluation: Sendable, Equatable {
  /// Images whose highest score is their label's; the first of equal scores counts.
  public let correct: Int
  /// Images scored.
  public let count: Int
  /// Wall-clock time of the scoring, seconds.
  public let seconds: Double

  /// Top-1 accuracy in percent.
  public var top1: Double { 100 * Double(correct) / Double(count) }
  /// Images per second of wall-clock time.
  public var imagesPerSecond: Double { Double(count) / seconds }
}

/// How an evaluation reports and where it runs.
public struct EvaluationOptions: Sendable {
  /// Images scored in one call.
  public var batchSize = 200
  /// Called after every batch with the images done and the total.
  public var progress: @Sendable (Int, Int) -> Void = { _, _ in }

  /// Makes options with the defaults.
  public init() {}
}

extension Classifier {
  /// Scores every image of a data set and counts the right ones.
  ///
  /// - Throws: ``PipelineError`` when the data set is empty or does not fit the network, or a score is not finite.
  public func evaluated(
    on dataset: Dataset, options: EvaluationOptions = EvaluationOptions(), execution: Execution
  ) throws -> Evaluation {
    try check(dataset, purpose: "evaluation")
    let clock = ContinuousClock()
    let begin = clock.now
    var correct = 0
    for start in stride(from: 0, to: dataset.count, by: options.batchSize) {
      let rows = start..<min(start + options.batchSize, dataset.count)
      let scores = try scores(for: dataset, rows: rows, execution: execution)
      let winners = try scores.winners(firstImage: start)
      correct += zip(rows, winners).count { row, winner in dataset.label(row) == winner }
      options.progress(rows.upperBound, dataset.count)
    }
    return Evaluation(correct: correct, count: dataset.count, seconds: (clock.now - begin).seconds)
  }

  func check(_ dataset: Dataset, purpose: String) throws {
    guard dataset.count > 0 else { throw PipelineError.noImages(purpose: purpose) }
    guard dataset.hasLabels else { throw PipelineError.noLabels(purpose: purpose) }
    guard dataset.imageShape == inputShape else {
      throw PipelineError.shapeMismatch(images: "\(dataset.imageShape)", network: "\(inputShape)")
    }
    guard dataset.classNames.count <= classCount else {
      throw PipelineError.classMismatch(labels: dataset.classNames.count, scores: classCount)
    }
  }
}

extension Tensor {
  /// Returns, for each row, the column of the highest value; the first of equal ones.
  ///
  /// - Throws: ``PipelineError/nonFiniteScore(image:value:)``; `firstImage` is the number of row 0.
  func winners(firstImage: Int) throws -> [Int] {
    let columns = shape.droppingFirst.count
    return try withValues { values in
      try (0..<shape[0]).map { row in
        var best = 0
        for column in 0..<columns {
          let value = values[row * columns + column]
          guard value.isFinite else {
            throw PipelineError.nonFiniteScore(image: firstImage + row, value: "\(value)")
          }
          if value > values[row * columns + best] { best = column }
        }
        return best
      }
    }
  }
}
