/// What the inputs of a layer are while its weights are rounded.
public enum RoundingInputs: Hashable, Sendable {
  /// Those of the FP32 network: every layer is rounded as if it were the only one.
  case floatingPoint
  /// Those of the layers already rounded, activations on their grids: the loss is `||(W - Q) X^||^2`.
  case quantized
  /// The same, and the layer's FP32 output is the goal: the loss is `||W X - Q X^||^2`.
  ///
  /// Source: Nagel et al. 2020 (AdaRound), eq. 25, without the activation function; Li et al. 2025 (GPTAQ).
  case corrected
}

/// In which order the columns of a layer are rounded.
public enum ColumnOrder: Hashable, Sendable {
  /// As they lie in memory.
  case natural
  /// Strongest input first: by falling diagonal of the Hessian; blocks that share an interval by its mean.
  case fallingDiagonal
}

/// How closed-form rounding works.
public struct ClosedFormOptions: Hashable, Sendable {
  /// What the layers' inputs are.
  public var inputs: RoundingInputs
  /// Order of the columns.
  public var order: ColumnOrder
  /// Share of the Hessian's mean diagonal that is added to the diagonal, above 0 up to 1.
  public var damping: Double
  /// Sweeps of coordinate descent after the last column, 0...100; a layer stops early when nothing changes.
  public var sweeps: Int
  /// At most this many patches of a layer, evenly taken from all images, make its Hessian.
  public var patchLimit: Int
  /// Images per forward pass.
  public var batch: Int
  /// Bytes of node values kept between layers; what does not fit is computed again for each layer.
  public var memoryLimit: Int

  /// Makes options.
  public init(
    inputs: RoundingInputs = .corrected, order: ColumnOrder = .fallingDiagonal, damping: Double = 0.01,
    sweeps: Int = 10, patchLimit: Int = 1 << 16, batch: Int = 32, memoryLimit: Int = 1 << 29
  ) {
    self.inputs = inputs
    self.order = order
    self.damping = damping
    self.sweeps = sweeps
    self.patchLimit = patchLimit
    self.batch = batch
    self.memoryLimit = memoryLimit
  }

  /// Checks every field.
  ///
  /// - Throws: ``ReconstructionError/invalid(_:)``.
  public func validate() throws(ReconstructionError) {
    guard damping > 0 && damping <= 1 else {
      throw .invalid("damping is \(damping); choose more than 0, up to 1 (0.01 is usual)")
    }
    guard (0...100).contains(sweeps) else { throw .invalid("sweeps is \(sweeps); choose 0 to 100") }
    guard patchLimit >= 1 else { throw .invalid("patches is \(patchLimit); choose at least 1") }
    guard batch >= 1 else { throw .invalid("batch is \(batch); choose at least 1 image") }
    guard memoryLimit >= 0 else { throw .invalid("memoryLimit is \(memoryLimit) bytes; choose at least 0") }
  }
}
