public import Interchange
import Layers
public import Tensors

/// What a training run tells its caller while it goes on.
public struct TrainingObserver {
  /// Called after every step with the epoch, the images done in it and their total.
  public var onStep: (Int, Int, Int) -> Void = { _, _, _ in }
  /// Called after every epoch.
  public var onEpoch: (EpochRecord) throws -> Void = { _ in }

  /// Makes an observer that does nothing.
  public init() {}
}

extension Trainable {
  /// Minimises the softmax cross-entropy over a data set, in place.
  ///
  /// Order, augmentation and initial values depend on the seed alone: the same bytes for any number of threads.
  ///
  /// - Returns: One record per epoch.
  /// - Throws: ``PipelineError`` when the data do not fit or the loss leaves the real numbers.
  public mutating func train(
    on dataset: Dataset, validation: Dataset?, options: TrainingOptions,
    observer: TrainingObserver = TrainingObserver(),
    execution: Execution
  ) throws -> [EpochRecord] {
    try check(dataset, purpose: "training")
    var run = TrainingRun(options: options, dataset: dataset, execution: execution)
    var records: [EpochRecord] = []
    for epoch in 1...max(1, options.epochs) {
      let begin = ContinuousClock.now
      let (loss, top1) = try run.epoch(epoch, of: &self, onStep: observer.onStep)
      let seconds = (ContinuousClock.now - begin).seconds
      let accuracy = try validation.map { try evaluated(on: $0, execution: execution).top1 }
      let record = EpochRecord(
        number: epoch, loss: loss, trainTop1: top1, validationTop1: accuracy, seconds: seconds)
      records.append(record)
      try observer.onEpoch(record)
    }
    return records
  }
}

/// The state of a training run between steps.
private struct TrainingRun {
  let options: TrainingOptions
  let dataset: Dataset
  let execution: Execution
  var optimizer: any Optimizer
  var order: RandomSource
  var augmentation: RandomSource

  init(options: TrainingOptions, dataset: Dataset, execution: Execution) {
    self.options = options
    self.dataset = dataset
    self.execution = execution
    optimizer = options.optimizer
    order = RandomSource(seed: options.seed, stream: 1 << 32)
    augmentation = RandomSource(seed: options.seed, stream: 1 << 32 + 1)
  }

  /// One pass over the data in a new order; returns mean loss and top-1 of the images as they were learnt.
  mutating func epoch(
    _ number: Int, of network: inout some Trainable, onStep: (Int, Int, Int) -> Void
  ) throws -> (loss: Double, top1: Double) {
    let rows = order.permutation(dataset.count)
    var loss = 0.0
    var correct = 0
    for (step, start) in stride(from: 0, to: rows.count, by: options.batchSize).enumerated() {
      let batch = Array(rows[start..<min(start + options.batchSize, rows.count)])
      let moment = Double(number - 1) + Double(start) / Double(rows.count)
      let factor = options.schedule.factor(epoch: moment, of: Double(options.epochs))
      let result = try self.step(batch, scale: Float(factor), &network)
      guard result.loss.isFinite else {
        throw PipelineError.diverged(epoch: number, step: step + 1, loss: "\(result.loss.magnitude)")
      }
      loss += result.loss * Double(batch.count)
      correct += result.correct
      onStep(number, start + batch.count, rows.count)
    }
    return (loss / Double(rows.count), 100 * Double(correct) / Double(rows.count))
  }

  private mutating func step(
    _ rows: [Int], scale: Float, _ network: inout some Trainable
  ) throws -> (loss: Double, correct: Int) {
    let (plain, labels) = try dataset.batch(rows)
    let images = options.augmentation.applied(to: plain, random: &augmentation)
    let transforms = try network.trainingTransforms(execution: execution)
    let result = try network.model.gradients(
      images, loss: .softmaxCrossEntropy(labels: labels, smoothing: options.labelSmoothing),
      transforms: transforms,
      execution: execution)
    guard result.loss.isFinite else { return (result.loss, 0) }
    let winners = try result.output.winners(firstImage: 0)
    // Biases and batch norms are not pulled to zero: they do not make a network too flexible.
    try optimizer.step(
      &network.model.parameters, gradients: result.gradients, scale: scale,
      decays: { [rank = network.model.parameters.mapValues(\.shape.rank)] in (rank[$0] ?? 0) > 1 },
      execution: execution)
    network.model.parameters.merge(result.updatedBuffers) { $1 }
    return (result.loss, zip(winners, labels).count { $0 == $1 })
  }
}
