public import Tensors

/// One operation of a network: its hyper-parameters, its shape rule, its forward map and its adjoint.
///
/// A layer holds no values: parameters and buffers live in the ``Model`` under `<node>.<parameter>`.
/// Shapes in the rules are those of one image (`[H, W, C]` or `[C]`); tensors carry the batch in front.
public protocol Layer: Sendable {
  /// The name of the operation in model files and in the catalogue, such as `conv2d`.
  static var kind: String { get }

  /// What the layer learns or keeps: `weight`, `bias`, `running_mean`, …, with shapes and initialisers.
  var parameters: [ParameterSpecification] { get }

  /// The hyper-parameters as a model file writes them, in a fixed order.
  var attributes: [(name: String, value: LayerAttribute)] { get }

  /// Returns the output's shape for one image.
  ///
  /// - Throws: ``LayerError`` that names the shapes which do not fit.
  func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape

  /// Computes the output from the inputs `[N, …]` and from the parameters, in the order of ``parameters``.
  func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput

  /// Computes the gradients with respect to inputs and parameters from the output's gradient.
  ///
  /// - Parameters:
  ///   - gradient: Gradient of the loss with respect to the output.
  ///   - saved: What ``forward(_:_:_:)`` saved in the same pass.
  func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients
}

/// A value of a hyper-parameter.
public enum LayerAttribute: Hashable, Sendable {
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case integers([Int])
}

/// How a layer runs: learning or not, and on what.
public struct LayerPass: Sendable {
  /// Training passes use and keep batch statistics, and may sum convolutions in another order than inference.
  public enum Mode: Sendable { case training, inference }
  /// Training or inference.
  public let mode: Mode
  /// Threads and cancellation.
  public let execution: Execution
  /// Whether ``Layer/backward(_:inputs:parameters:saved:_:)`` must give the gradient of each input (walk cut-offs).
  public let needsInputGradients: Bool
  /// Whether it must give the gradient of each parameter; what is frozen needs none.
  public let needsParameterGradients: Bool
  /// Whether biases are among them; without, a layer may leave them out.
  let needsBiasGradients: Bool

  /// What is applied to the output in the same pass over memory; only a ``ReLUFusing`` layer gets another than identity.
  let epilogue: Epilogue

  /// Makes a pass.
  public init(
    mode: Mode, execution: Execution, needsInputGradients: Bool = true, needsParameterGradients: Bool = true
  ) {
    self.init(
      mode: mode, execution: execution, needsInputGradients: needsInputGradients,
      needsParameterGradients: needsParameterGradients, epilogue: .identity)
  }

  init(
    mode: Mode, execution: Execution, needsInputGradients: Bool, needsParameterGradients: Bool = true,
    needsBiasGradients: Bool = true, epilogue: Epilogue
  ) {
    self.mode = mode
    self.execution = execution
    self.needsInputGradients = needsInputGradients
    self.needsParameterGradients = needsParameterGradients
    self.needsBiasGradients = needsBiasGradients
    self.epilogue = epilogue
  }
}

/// A map put on a layer's output.
enum Epilogue: Sendable {
  case identity
  /// `max(y, 0)`.
  case relu
}

/// A layer whose forward map and adjoint include a ReLU behind it when the pass says so, with the bits of the two layers
/// run one after the other.
protocol ReLUFusing: Layer {}

/// The result of a forward map.
public struct LayerOutput: Sendable {
  /// The output, `[N, …]`.
  public var output: Tensor
  /// Whatever the adjoint needs besides inputs and output (batch statistics, arg-max positions).
  public var saved: [Tensor]
  /// New values of buffers, by parameter name (running statistics in training mode).
  public var updatedBuffers: [String: Tensor]

  /// Makes a result.
  public init(_ output: Tensor, saved: [Tensor] = [], updatedBuffers: [String: Tensor] = [:]) {
    self.output = output
    self.saved = saved
    self.updatedBuffers = updatedBuffers
  }
}

/// The result of an adjoint.
public struct LayerGradients: Sendable {
  /// One per input; `nil` where the pass did not ask for it.
  public var inputs: [Tensor?]
  /// One per parameter; `nil` for buffers.
  public var parameters: [Tensor?]

  /// Makes a result.
  public init(inputs: [Tensor?], parameters: [Tensor?] = []) {
    self.inputs = inputs
    self.parameters = parameters
  }
}

/// A parameter or buffer that a layer declares.
public struct ParameterSpecification: Sendable {
  /// The last part of the key: `weight`, `bias`, `running_mean`, `running_var`.
  public let name: String
  /// The extents; weights are `[O, kH, kW, I / groups]` or `[O, I]`.
  public let shape: Shape
  /// How a new model sets it.
  public let initializer: Initializer
  /// Whether an optimizer updates it; buffers are not trainable.
  public let isTrainable: Bool

  /// Makes a declaration.
  public init(_ name: String, _ shape: Shape, _ initializer: Initializer, isTrainable: Bool = true) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.isTrainable = isTrainable
  }
}

/// How the values of a new parameter are drawn.
public enum Initializer: Sendable, Hashable {
  /// Every value equal.
  case constant(Float)
  /// Normal with standard deviation `sqrt(2 / fanOut)` or `sqrt(2 / fanIn)` (He et al. 2015, eq. 10 and 14).
  case heNormal(fan: Int)
  /// Uniform in `±1 / sqrt(fan)`.
  case uniform(fan: Int)
}

extension Layer {
  /// Whether it multiplies by weights: a convolution or a linear layer.
  public var isWeighted: Bool { self is Conv2d || self is Linear }
}
