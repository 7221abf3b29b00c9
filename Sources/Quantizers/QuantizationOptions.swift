/// The grids of the first and last layers, which are kept finer than the rest.
///
/// As in the public code of BRECQ and of the AuGQ authors: weights of both, the output of the first, the input of the last.
public struct FirstLast: Hashable, Sendable {
  /// Weights of the first and the last convolution or linear layer.
  public var weights: GridSpecification
  /// The first layer's output (behind its activation function) and the last layer's input.
  public var activations: GridSpecification

  /// Makes a pair.
  public init(weights: GridSpecification, activations: GridSpecification) {
    self.weights = weights
    self.activations = activations
  }

  /// 256 levels: weights symmetric per output channel, activations over the whole range.
  public static let eightBit = FirstLast(
    weights: GridSpecification(bits: 8, group: .channel(axis: 0), isSymmetric: true),
    activations: GridSpecification(bits: 8))
}

/// What a ``QuantizedModel`` quantizes.
public struct QuantizationOptions: Sendable {
  /// Weights; `nil` leaves them FP32.
  public var weights: (any GridRecipe)?
  /// Activations; `nil` leaves them FP32.
  public var activations: (any GridRecipe)?
  /// Weights that differ from the rest, by parameter key.
  public var layers: [String: any GridRecipe] = [:]
  /// Activations that differ from the rest, by node name.
  public var nodes: [String: any GridRecipe] = [:]
  /// What passes back through the grids in training; `nil` for straight-through.
  public var gradientRule: (any GradientRule)?
  /// First and last layers; `nil` treats them as the rest.
  public var firstLast: FirstLast?
  /// Images per forward pass of the calibration.
  public var batch: Int
  /// At most this many values of a node are kept for its range, the extremes always among them.
  public var sampleLimit: Int

  /// Makes options.
  public init(
    weights: (any GridRecipe)?, activations: (any GridRecipe)?, firstLast: FirstLast? = .eightBit,
    batch: Int = 32, sampleLimit: Int = 1 << 20
  ) {
    self.weights = weights
    self.activations = activations
    self.firstLast = firstLast
    self.batch = batch
    self.sampleLimit = sampleLimit
  }

  /// Checks the specifications.
  ///
  /// - Throws: ``QuantizationError``.
  public func validate() throws(QuantizationError) {
    let all: [(any GridRecipe)?] = [weights, activations, firstLast?.weights, firstLast?.activations]
    for recipe in all.compactMap({ $0 }) + layers.values + nodes.values { try recipe.validate() }
    for recipe in [activations, firstLast?.activations].compactMap({ $0 }) + nodes.values {
      guard recipe.group == .tensor, (recipe as? GridSpecification)?.blockSize == nil else {
        throw .incompatible(
          "activations have one range per tensor and intervals chosen per value; leave their options group and block out"
        )
      }
    }
    guard batch >= 1, sampleLimit >= 1 else {
      throw .incompatible("batch is \(batch) and sampleLimit \(sampleLimit); both are at least 1")
    }
  }
}
