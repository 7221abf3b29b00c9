import CKernels
public import Tensors

/// Logistic function: `y = 1 / (1 + exp(-x))`.
public struct Sigmoid: Layer {
  /// The name in model files.
  public static let kind = "sigmoid"
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
    LayerOutput(try inputs[0].mapped(pass.execution) { aq_sigmoid_forward($0, $1, $2) })
  }

  /// Multiplies the gradient by the slope `y (1 - y)`.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let result = try gradient.combined(with: saved.output, pass.execution) {
      aq_sigmoid_backward($0, $2, $1, $3)
    }
    return LayerGradients(inputs: [result])
  }
}

/// Softmax over the last dimension (the channels of each pixel, or a vector).
///
///     y[i] = exp(x[i]) / sum over j of exp(x[j])
public struct Softmax: Layer {
  /// The name in model files.
  public static let kind = "softmax"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let shape = try onlyShape(inputs)
    guard shape.rank > 0, shape[-1] > 0 else {
      throw .invalid("normalises over the last dimension, but the input \(shape) has none of at least 1")
    }
    return shape
  }

  /// Normalises each row; the largest value is subtracted first, so that nothing overflows.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    let x = inputs[0]
    let width = x.shape[-1]
    var result = Tensor(uninitialized: x.shape)
    try result.fillRows(width, pass.execution) { target, rows in
      x.withValues { source in
        guard let source = source.baseAddress else { return }
        aq_softmax_forward(rows.count, width, source + rows.lowerBound * width, target)
      }
    }
    return LayerOutput(result)
  }

  /// `dx = y (dy - sum of y dy)` per row.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let (dy, y) = (gradient, saved.output)
    let width = y.shape[-1]
    var result = Tensor(uninitialized: y.shape)
    try result.fillRows(width, pass.execution) { target, rows in
      y.withValues { y in
        dy.withValues { dy in
          guard let y = y.baseAddress, let dy = dy.baseAddress else { return }
          let offset = rows.lowerBound * width
          aq_softmax_backward(rows.count, width, y + offset, dy + offset, target)
        }
      }
    }
    return LayerGradients(inputs: [result])
  }
}
