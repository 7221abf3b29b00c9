public import Layers
public import Tensors

/// Puts a tensor on a grid in the forward pass; its adjoint is straight-through within the levels, 0 outside.
///
/// Source: Bengio et al. 2013 (straight-through estimator); Jacob et al. 2018 (fake quantization).
public struct FakeQuantizer: TensorTransform {
  /// The levels.
  public var grid: any QuantizationGrid

  /// Makes the transform of a grid.
  public init(_ grid: any QuantizationGrid) { self.grid = grid }

  /// Returns each value's nearest level.
  public func apply(to x: Tensor, execution: Execution) throws -> Tensor {
    try grid.fakeQuantized(x, execution: execution)
  }

  /// Returns the gradient where `x` is within the levels, else 0.
  public func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) throws -> Tensor {
    try grid.adjoint(gradient, at: x, execution: execution)
  }
}
