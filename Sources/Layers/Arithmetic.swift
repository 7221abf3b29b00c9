import CKernels
public import Tensors

/// Sum of two values of one shape: `y = a + b`.
public struct Add: ReLUFusing {
  /// The name in model files.
  public static let kind = "add"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The common shape of both inputs.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try commonShape(inputs) }

  /// Adds.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(
      try inputs[0].merged(with: inputs[1], pass.execution) {
        switch pass.epilogue {
        case .identity: aq_add($0, $1, $2, $3)
        case .relu: aq_add_relu($0, $1, $2, $3)
        }
      })
  }

  /// Gives the gradient to both inputs.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let shared =
      switch pass.epilogue {
      case .identity: gradient
      case .relu:
        try gradient.combined(with: saved.output, pass.execution) { aq_relu_backward($0, $2, $1, $3) }
      }
    return LayerGradients(inputs: [shared, shared])
  }
}

/// Product of two values of one shape: `y = a b`.
public struct Multiply: Layer {
  /// The name in model files.
  public static let kind = "mul"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The common shape of both inputs.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try commonShape(inputs) }

  /// Multiplies.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(
      try inputs[0].merged(with: inputs[1], pass.execution) { aq_multiply($0, $1, $2, $3) })
  }

  /// Gives each input the gradient times the other.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let shared = gradient
    let products = try inputs.map { input in
      try shared.merged(with: input, pass.execution) { aq_multiply($0, $1, $2, $3) }
    }
    return LayerGradients(inputs: [products[1], products[0]])
  }
}

extension Tensor {
  /// Returns `kernel(n, self, other, result)` in new memory, over shards.
  func merged(
    with other: Tensor, _ execution: Execution,
    _ kernel: (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    var result = Tensor(uninitialized: shape)
    try result.fill(execution) { target, range in
      withValues { a in
        other.withValues { b in
          guard let a = a.baseAddress, let b = b.baseAddress else { return }
          kernel(range.count, a + range.lowerBound, b + range.lowerBound, target)
        }
      }
    }
    return result
  }
}

private func commonShape(_ inputs: [Shape]) throws(LayerError) -> Shape {
  guard inputs.count == 2 else { throw .invalid("reads 2 inputs, but \(inputs.count) are given") }
  guard inputs[0] == inputs[1] else {
    throw .invalid("both inputs need one shape, but they are \(inputs[0]) and \(inputs[1])")
  }
  return inputs[0]
}
