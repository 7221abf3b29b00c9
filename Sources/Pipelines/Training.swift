public import Layers
public import Tensors

/// A model that training may change, and the transforms its forward pass applies.
///
/// A plain ``Model`` trains in FP32; a quantized model trains through its fake quantizers (QAT).
public protocol Trainable: Classifier {
  /// The architecture and the values that the optimizer updates.
  var model: Model { get set }
  /// The transforms of the next step; quantizers may refit their weight ranges to the current values here.
  mutating func trainingTransforms(execution: Execution) throws -> GraphTransforms
}

extension Model: Trainable {
  /// The model itself.
  public var model: Model {
    get { self }
    // In place: a get and a set would keep a second reference, and every weight would be copied when it is written.
    _modify { yield &self }
  }

  /// No transforms: FP32 training.
  public mutating func trainingTransforms(execution: Execution) throws -> GraphTransforms {
    GraphTransforms()
  }
}

/// What a training run does.
public struct TrainingOptions: Sendable {
  /// Passes over the data.
  public var epochs = 1
  /// Images per step; the last batch of an epoch may be smaller.
  public var batchSize = 128
  /// The optimizer with its settings, its state still empty.
  public var optimizer: any Optimizer
  /// The learning rate as a share of the optimizer's, by progress of the run.
  public var schedule: LearningRateSchedule
  /// Changes of the images in training.
  public var augmentation = Augmentation()
  /// Share of the target probability spread over all classes, `0 ..< 1`.
  public var labelSmoothing: Float = 0
  /// Seed of order and augmentation.
  public var seed: UInt64 = 1

  /// Makes options; the rest has defaults.
  public init(optimizer: any Optimizer, schedule: LearningRateSchedule) {
    self.optimizer = optimizer
    self.schedule = schedule
  }
}

/// What one epoch of training gave.
public struct EpochRecord: Sendable {
  /// 1 for the first epoch.
  public let number: Int
  /// Mean training loss.
  public let loss: Double
  /// Top-1 on the augmented training images while they were learnt, percent.
  public let trainTop1: Double
  /// Top-1 on the validation set after the epoch, percent; `nil` without one.
  public let validationTop1: Double?
  /// Wall-clock time of the epoch's training, validation not counted, seconds.
  public let seconds: Double
}
