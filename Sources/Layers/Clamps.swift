import CKernels
public import Tensors

/// Cuts values off at two bounds: `y = min(max(x, low), high)`.
public struct Clip: Layer {
  /// The name in model files.
  public static let kind = "clip"
  /// The least value of the output.
  public let low: Float
  /// The largest value of the output, > low.
  public let high: Float
  /// Makes the layer.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` unless `low < high`.
  public init(low: Float, high: Float) throws(LayerError) {
    guard low < high else {
      throw .invalid("the low bound \(low) must be below the high bound \(high). Swap them.")
    }
    self.low = low
    self.high = high
  }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// low, high.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("low", .number(Double(low))), ("high", .number(Double(high)))]
  }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try onlyShape(inputs) }

  /// Applies the map.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(try inputs[0].mapped(pass.execution) { aq_clip_forward($0, low, high, $1, $2) })
  }

  /// Passes the gradient strictly between the bounds.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let result = try gradient.combined(with: inputs[0], pass.execution) {
      aq_clip_backward($0, low, high, $2, $1, $3)
    }
    return LayerGradients(inputs: [result])
  }
}

/// A line cut off at 0 and 1: `y = min(max(slope x + offset, 0), 1)`.
///
/// Slope 1/6 and offset 1/2 make `x hard_sigmoid(x)` the hard swish.
/// Source: Howard et al. 2019, section 5.2.
public struct HardSigmoid: Layer {
  /// The name in model files.
  public static let kind = "hard_sigmoid"
  /// Growth of the output between the bounds.
  public let slope: Float
  /// The output at 0.
  public let offset: Float
  /// Makes the layer.
  public init(slope: Float = 1 / 6, offset: Float = 0.5) {
    self.slope = slope
    self.offset = offset
  }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// slope, offset.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("slope", .number(Double(slope))), ("offset", .number(Double(offset)))]
  }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { try onlyShape(inputs) }

  /// Applies the map.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(
      try inputs[0].mapped(pass.execution) { aq_hard_sigmoid_forward($0, slope, offset, $1, $2) })
  }

  /// Multiplies the gradient by the slope strictly between 0 and 1.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let result = try gradient.combined(with: saved.output, pass.execution) {
      aq_hard_sigmoid_backward($0, slope, $2, $1, $3)
    }
    return LayerGradients(inputs: [result])
  }
}
