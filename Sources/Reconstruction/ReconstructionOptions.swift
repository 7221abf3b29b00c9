/// How a weight is put on one of its two neighbouring levels.
public enum RoundingPolicy: Hashable, Sendable {
  /// The nearest level; nothing is learned.
  case nearest
  /// A soft choice between the two neighbours that a regulariser drives to one of them.
  ///
  ///     w^ = lower + h(V) (upper - lower),  h(V) = clamp(1.2 sigmoid(V) - 0.1, 0, 1)
  ///     loss += regularization * sum(1 - |2 h - 1|^beta), beta falling over the iterations after the warm-up
  ///
  /// Source: Nagel et al. 2020 (AdaRound), eq. 21 to 24.
  case adaRound(AdaRoundSettings = AdaRoundSettings())
  /// Continuous weights and ranges, both learned through the quantizer (straight-through), with steps along half a cosine.
  ///
  /// Source: Hubara et al. 2021 (AdaQuant), eq. 2.
  case adaQuant(learningRate: Float = 1e-3)
}

/// The settings of soft rounding.
public struct AdaRoundSettings: Hashable, Sendable {
  /// Step of Adam on V, > 0.
  public var learningRate: Float
  /// Weight of the regulariser against the loss, at least 0.
  public var regularization: Float
  /// Exponent after the warm-up and at the end, the first at least the second, both > 1.
  public var beta: ClosedRange<Float>
  /// Share of the iterations without regulariser, `0 ..< 1`.
  public var warmup: Float

  /// Makes settings.
  ///
  /// BRECQ's and QDrop's code takes 20,000 steps of 0.001 with a regularization of 0.01; these defaults, for 500 steps, are
  /// larger in proportion.
  public init(
    learningRate: Float = 1e-2, regularization: Float = 0.05, beta: ClosedRange<Float> = 2...20,
    warmup: Float = 0.2
  ) {
    self.learningRate = learningRate
    self.regularization = regularization
    self.beta = beta
    self.warmup = warmup
  }
}

/// What happens to the ranges of activations.
public enum RangePolicy: Hashable, Sendable {
  /// As calibrated.
  case fixed
  /// A factor per range, learned with Adam and a cosine schedule from 1.
  ///
  ///     y = r Q(x / r),  dy/dr = Q(x / r) - x / r inside the levels, the end level outside
  ///
  /// For a uniform grid of scale s this is LSQ with the step `r s`, the zero point staying.
  /// Source: Esser et al. 2020 (LSQ), eq. 3.
  case learned(learningRate: Float = 3e-4)

  /// Step of Adam; 0 for fixed ranges.
  var learningRate: Float {
    guard case .learned(let rate) = self else { return 0 }
    return rate
  }
}

/// What happens to the biases of convolutions and linear layers.
public enum BiasPolicy: Hashable, Sendable {
  /// As they are.
  case fixed
  /// Learned with Adam and a cosine schedule; layers without bias get none.
  ///
  /// Source: Hubara et al. 2021 (AdaQuant), eq. 2.
  case learned(learningRate: Float = 1e-3)

  /// Step of Adam; 0 for fixed biases.
  var learningRate: Float {
    guard case .learned(let rate) = self else { return 0 }
    return rate
  }
}

/// What activations are in a sweep over the units, in front of a unit, inside it and where its error is measured.
public enum ActivationPolicy: Hashable, Sendable {
  /// On their grids.
  case quantized
  /// FP32: only weights are quantized. BRECQ rounds the weights of the whole network so before it looks at activations.
  ///
  /// Source: Li et al. 2021 (BRECQ), section 4.1, and its public code.
  case fullPrecision
}

/// Which values a unit reads while it is fine-tuned.
public enum InputPolicy: Hashable, Sendable {
  /// Those of the FP32 network.
  case fullPrecision
  /// Those of the network whose earlier units are quantized.
  case quantized
  /// Each value drawn from one of the two, the quantized one with this probability, inside 0...1 (QDrop: 0.5).
  ///
  /// Source: Wei et al. 2022 (QDrop), section 4.
  case mixed(quantizedShare: Float = 0.5)
}

/// What the error of a unit's output is weighted by.
public enum LossWeighting: Hashable, Sendable {
  /// Nothing.
  case uniform
  /// The square of the gradient of KL(FP32 scores, scores), one weight per output value and image, mean 1.
  ///
  /// Source: Li et al. 2021 (BRECQ), eq. 10.
  case fisherDiagonal
}

/// One sweep of fine-tuning over the units of a network.
public struct ReconstructionOptions: Hashable, Sendable {
  /// Steps per unit, at least 1.
  public var iterations = 500
  /// Images per step, at least 1.
  public var batch = 32
  /// Power of the output error, 1...4.
  public var power: Float = 2
  /// What it is weighted by.
  public var weighting = LossWeighting.uniform
  /// Weights.
  public var rounding = RoundingPolicy.adaRound()
  /// Ranges of activations.
  public var ranges = RangePolicy.learned()
  /// Biases.
  public var biases = BiasPolicy.fixed
  /// Activations of the whole network.
  public var activations = ActivationPolicy.quantized
  /// Inputs of units.
  public var input = InputPolicy.mixed()
  /// Probability that an activation inside a unit is quantized in a step, 0...1: QDrop 0.5, BRECQ 1, 0 leaves them FP32.
  public var quantizedShare: Float = 0.5
  /// Seed of batches and draws.
  public var seed: UInt64 = 1

  /// Makes options with the defaults, which are QDrop's.
  public init() {}

  /// Checks every field.
  ///
  /// - Throws: ``ReconstructionError/invalid(_:)``.
  public func validate() throws(ReconstructionError) {
    try Self.check(iterations >= 1, "iterations is \(iterations); give at least 1")
    try Self.check(batch >= 1, "batch is \(batch); give at least 1 image per step")
    try Self.check((1...4).contains(power), "power is \(power); choose 1 to 4")
    try Self.check(
      (0...1).contains(quantizedShare), "quantized_share is \(quantizedShare); choose 0 to 1")
    if case .mixed(let share) = input {
      try Self.check((0...1).contains(share), "the quantized share of inputs is \(share); choose 0 to 1")
    }
    if case .learned(let rate) = ranges {
      try Self.check(rate > 0 && rate.isFinite, "the learning rate of ranges is \(rate); give more than 0")
    }
    if case .learned(let rate) = biases {
      try Self.check(rate > 0 && rate.isFinite, "the learning rate of biases is \(rate); give more than 0")
    }
    switch rounding {
    case .nearest: break
    case .adaQuant(let rate):
      try Self.check(rate > 0 && rate.isFinite, "the learning rate of weights is \(rate); give more than 0")
    case .adaRound(let settings): try settings.validate()
    }
  }

  static func check(_ holds: Bool, _ problem: String) throws(ReconstructionError) {
    if !holds { throw .invalid(problem) }
  }
}

extension AdaRoundSettings {
  func validate() throws(ReconstructionError) {
    try ReconstructionOptions.check(
      learningRate > 0 && learningRate.isFinite,
      "the learning rate of rounding is \(learningRate); give more than 0")
    try ReconstructionOptions.check(
      regularization >= 0 && regularization.isFinite,
      "the weight of the regulariser is \(regularization); give at least 0")
    try ReconstructionOptions.check(
      beta.lowerBound > 1, "beta ends at \(beta.lowerBound); give more than 1")
    try ReconstructionOptions.check(
      (0..<1).contains(warmup), "warmup is \(warmup); give a share of the iterations, 0 to below 1")
  }

  /// Exponent of the regulariser at an iteration; `nil` during the warm-up.
  func beta(iteration: Int, of total: Int) -> Float? {
    let start = warmup * Float(total)
    guard Float(iteration) >= start else { return nil }
    let progress = min(1, (Float(iteration) - start) / max(1, Float(total) - start))
    return beta.upperBound + (beta.lowerBound - beta.upperBound) * progress
  }
}
