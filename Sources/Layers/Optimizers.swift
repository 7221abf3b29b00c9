import CKernels
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Tensors

/// A rule that moves parameters against their gradients and remembers what it needs per parameter.
public protocol Optimizer: Sendable {
  /// The learning rate before the schedule, > 0.
  var learningRate: Float { get }

  /// Updates the parameters that have a gradient.
  ///
  /// - Parameters:
  ///   - scale: What the schedule multiplies the learning rate by at this step.
  ///   - decays: Whether weight decay applies to a key.
  mutating func step(
    _ parameters: inout [String: Tensor], gradients: [String: Tensor], scale: Float, decays: (String) -> Bool,
    execution: Execution
  ) throws
}

/// Stochastic gradient descent with momentum.
///
///     g = gradient + weightDecay w;  v = momentum v + g;  w -= rate (nesterov ? g + momentum v : v)
///
/// Source: Sutskever et al. 2013, in PyTorch's form.
public struct SGD: Optimizer {
  /// The learning rate before the schedule.
  public var learningRate: Float
  /// Share of the velocity kept, `0 ..< 1`.
  public var momentum: Float
  /// Whether the gradient looks ahead along the velocity.
  public var nesterov: Bool
  /// Pull of weights towards zero.
  public var weightDecay: Float
  private var velocities: [String: Tensor] = [:]

  /// Makes the rule; no parameter has a velocity yet.
  public init(learningRate: Float, momentum: Float = 0.9, nesterov: Bool = false, weightDecay: Float = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
  }

  /// Updates the parameters that have a gradient.
  public mutating func step(
    _ parameters: inout [String: Tensor], gradients: [String: Tensor], scale: Float, decays: (String) -> Bool,
    execution: Execution
  ) throws {
    let (rate, momentum, nesterov) = (learningRate * scale, momentum, nesterov ? Int32(1) : 0)
    try execution.cancellation.check()
    for key in gradients.keys.sorted() {
      guard let gradient = gradients[key], let value = parameters.removeValue(forKey: key) else { continue }
      var weight = value
      _ = consume value
      var velocity = velocities.removeValue(forKey: key) ?? Tensor(zeros: weight.shape)
      let decay = decays(key) ? weightDecay : 0
      defer {
        parameters[key] = weight
        velocities[key] = velocity
      }
      try velocity.withMutableValues { (v: UnsafeMutableBufferPointer<Float>) throws(any Error) in
        guard let v = v.baseAddress else { return }
        try weight.move(along: gradient, execution) { range, w, gradient in
          aq_sgd_step(range.count, w, gradient, v + range.lowerBound, rate, momentum, decay, nesterov)
        }
      }
    }
  }
}

extension Tensor {
  /// Calls `body` with ranges of this tensor's and of the gradient's memory; an interruption does not stop it half-way.
  fileprivate mutating func move(
    along gradient: Tensor, _ execution: Execution,
    _ body: (Range<Int>, UnsafeMutablePointer<Float>, UnsafePointer<Float>) -> Void
  ) throws {
    try fill(Execution(threads: execution.threads)) { target, range in
      gradient.withValues {
        if let gradient = $0.baseAddress { body(range, target, gradient + range.lowerBound) }
      }
    }
  }
}

/// Adam: steps scaled by running first and second moments of the gradient, both corrected for their start at zero.
///
/// Source: Kingma and Ba 2015, algorithm 1.
public struct Adam: Optimizer {
  /// The learning rate before the schedule.
  public var learningRate: Float
  /// Decay rates of the first and second moments, `0 ..< 1`.
  public var betas: (Float, Float)
  /// Added to the root of the second moment.
  public var epsilon: Float
  /// Pull of weights towards zero, added to the gradient.
  public var weightDecay: Float
  private var moments: [String: (first: Tensor, second: Tensor)] = [:]
  private var steps = 0

  /// Makes the rule; all moments are zero.
  public init(
    learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8,
    weightDecay: Float = 0
  ) {
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Updates the parameters that have a gradient.
  public mutating func step(
    _ parameters: inout [String: Tensor], gradients: [String: Tensor], scale: Float, decays: (String) -> Bool,
    execution: Execution
  ) throws {
    try execution.cancellation.check()
    steps += 1
    var options = aq_adam_options()
    options.rate = learningRate * scale
    options.beta1 = betas.0
    options.beta2 = betas.1
    options.epsilon = epsilon
    // In double: 1 - beta^t keeps few digits in FP32 at the first steps.
    options.correction1 = Float(1 - pow(Double(betas.0), Double(steps)))
    options.correction2 = Float(1 - pow(Double(betas.1), Double(steps)))
    for key in gradients.keys.sorted() {
      guard let gradient = gradients[key], let value = parameters.removeValue(forKey: key) else { continue }
      var weight = value
      _ = consume value
      var (first, second) =
        moments.removeValue(forKey: key) ?? (Tensor(zeros: weight.shape), Tensor(zeros: weight.shape))
      options.decay = decays(key) ? weightDecay : 0
      defer {
        parameters[key] = weight
        moments[key] = (first, second)
      }
      let settings = options
      try first.withMutableValues { (m: UnsafeMutableBufferPointer<Float>) throws(any Error) in
        try second.withMutableValues { (v: UnsafeMutableBufferPointer<Float>) throws(any Error) in
          guard let m = m.baseAddress, let v = v.baseAddress else { return }
          try weight.move(along: gradient, execution) { range, w, gradient in
            let start = range.lowerBound
            withUnsafePointer(to: settings) {
              aq_adam_step(range.count, w, gradient, m + start, v + start, $0)
            }
          }
        }
      }
    }
  }
}

/// What the learning rate is multiplied by as training goes on.
public struct LearningRateSchedule: Sendable, Hashable {
  /// The course after the warm-up.
  public enum Course: Sendable, Hashable {
    /// Always 1.
    case constant
    /// `(1 + cos(pi progress)) / 2`, from 1 to 0 (Loshchilov and Hutter 2017, eq. 5, without restarts).
    case cosine
    /// Multiplied by `factor` at every one of the given epochs.
    case step(epochs: [Double], factor: Double)
  }
  /// The course after the warm-up.
  public var course: Course
  /// Epochs in which the rate rises linearly from 0, at least 0.
  public var warmupEpochs: Double

  /// Makes a schedule.
  public init(_ course: Course, warmupEpochs: Double = 0) {
    self.course = course
    self.warmupEpochs = warmupEpochs
  }

  /// The factor at a moment of training, both in epochs.
  public func factor(epoch: Double, of total: Double) -> Double {
    if epoch < warmupEpochs { return epoch / warmupEpochs }
    switch course {
    case .constant: return 1
    case .cosine:
      let progress = (epoch - warmupEpochs) / max(total - warmupEpochs, .leastNonzeroMagnitude)
      return (1 + cos(Double.pi * min(1, progress))) / 2
    case .step(let epochs, let factor):
      return epochs.reduce(1) { epoch >= $1 ? $0 * factor : $0 }
    }
  }
}
