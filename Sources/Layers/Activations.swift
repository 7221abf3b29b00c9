import CKernels
public import Tensors

/// Rectified linear unit: `y = max(x, 0)`.
public struct ReLU: Layer {
  /// The name in model files.
  public static let kind = "relu"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try onlyShape(inputs) }

  /// Applies the map.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(try inputs[0].mapped(pass.execution) { aq_relu_forward($0, $1, $2) })
  }

  /// Passes the gradient where the output is positive.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let result = try gradient.combined(with: saved.output, pass.execution) {
      aq_relu_backward($0, $2, $1, $3)
    }
    return LayerGradients(inputs: [result])
  }
}

/// Rectified linear unit with a ceiling: `y = min(max(x, 0), 6)`.
public struct ReLU6: Layer {
  /// The name in model files.
  public static let kind = "relu6"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try onlyShape(inputs) }

  /// Applies the map.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(try inputs[0].mapped(pass.execution) { aq_relu6_forward($0, $1, $2) })
  }

  /// Passes the gradient strictly between 0 and 6.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let result = try gradient.combined(with: inputs[0], pass.execution) { aq_relu6_backward($0, $2, $1, $3) }
    return LayerGradients(inputs: [result])
  }
}

/// Hard swish: `y = x relu6(x + 3) / 6`.
///
/// Source: Howard et al. 2019, section 5.2.
public struct HardSwish: Layer {
  /// The name in model files.
  public static let kind = "hard_swish"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try onlyShape(inputs) }

  /// Applies the map.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(try inputs[0].mapped(pass.execution) { aq_hard_swish_forward($0, $1, $2) })
  }

  /// Multiplies the gradient by the slope at the input.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let result = try gradient.combined(with: inputs[0], pass.execution) {
      aq_hard_swish_backward($0, $2, $1, $3)
    }
    return LayerGradients(inputs: [result])
  }
}

/// The shape of a layer's only input.
func onlyShape(_ inputs: [Shape]) throws(LayerError) -> Shape {
  guard inputs.count == 1 else { throw .invalid("reads 1 input, but \(inputs.count) are given") }
  return inputs[0]
}

/// The `[H, W, C]` shape of a layer's only input.
func imageShape(_ inputs: [Shape]) throws(LayerError) -> Shape {
  let shape = try onlyShape(inputs)
  guard shape.rank == 3 else {
    throw .invalid("reads images HxWxC, but the input is \(shape). Put it before flatten.")
  }
  return shape
}
