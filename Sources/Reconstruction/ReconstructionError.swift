/// What can go wrong while weights are rounded and ranges are learned.
public enum ReconstructionError: Error, Equatable, CustomStringConvertible {
  /// An option outside its range, or two that do not go together; the text says which and what to do.
  case invalid(String)
  /// A loss that left the real numbers.
  case diverged(unit: String, iteration: Int, loss: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .invalid(let problem): problem
    case .diverged(let unit, let iteration, let loss):
      "reconstruction of \(unit) diverged: the loss is \(loss) at iteration \(iteration). Lower the learning rates."
    }
  }
}
