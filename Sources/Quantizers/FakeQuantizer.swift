public import Layers
public import Tensors

/// Puts a tensor on a grid in the forward pass; its adjoint is straight-through within the levels, 0 outside.
///
/// Source: Bengio et al. 2013 (straight-through estimator); Jacob et al. 2018 (fake quantization).
public struct FakeQuantizer: TensorTransform {
  /// The levels.
  public var grid: any QuantizationGrid
  /// What passes back; `nil` for straight-through.
  public var rule: (any GradientRule)?

  /// Makes the transform of a grid.
  public init(_ grid: any QuantizationGrid, rule: (any GradientRule)? = nil) {
    self.grid = grid
    self.rule = rule
  }

  /// Returns each value's nearest level.
  public func apply(to x: Tensor, execution: Execution) throws -> Tensor {
    try grid.fakeQuantized(x, execution: execution)
  }

  /// Returns the gradient where `x` is within the levels, else 0; or what the rule makes of it.
  public func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) throws -> Tensor {
    if let rule {
      return try rule.gradient(gradient, at: x, output: grid.fakeQuantized(x, execution: execution))
    }
    return try grid.adjoint(gradient, at: x, execution: execution)
  }
}
