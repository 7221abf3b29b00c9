public import Tensors

/// A differentiable map of a tensor onto one of the same shape, put on a parameter or on a node's output.
///
/// Fake quantization is one; this target knows no bit widths.
public protocol TensorTransform: Sendable {
  /// Returns the transformed values.
  func apply(to x: Tensor, execution: Execution) throws -> Tensor

  /// Returns the gradient with respect to `x` from the gradient with respect to the result.
  func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) throws -> Tensor
}

/// The transforms in force while a graph runs.
public struct GraphTransforms: Sendable {
  /// By full parameter key, such as `stem.weight`.
  public var parameters: [String: any TensorTransform]
  /// By name of the node whose output is transformed; the input node has the name `input`.
  public var outputs: [String: any TensorTransform]

  /// Makes a set; empty by default.
  public init(
    parameters: [String: any TensorTransform] = [:], outputs: [String: any TensorTransform] = [:]
  ) {
    self.parameters = parameters
    self.outputs = outputs
  }
}
