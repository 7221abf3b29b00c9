public import Tensors

extension Model {
  /// Makes a model with freshly initialised parameters.
  ///
  /// - Parameter seed: Every parameter draws from a stream of its own of this seed, in the order of the graph.
  public init(graph: Graph, seed: UInt64) {
    self.init(graph: graph, parameters: [:])
    for (stream, specification) in Model.specifications(of: graph).enumerated() {
      var random = RandomSource(seed: seed, stream: UInt64(stream))
      parameters[specification.key] = specification.parameter.initialValue(&random)
    }
  }

  /// The keys that a graph's parameters and buffers have, with their declarations, in the order of the graph.
  public static func specifications(of graph: Graph) -> [(key: String, parameter: ParameterSpecification)] {
    graph.nodes.flatMap { node in
      (node.layer?.parameters ?? []).map { (key: "\(node.name).\($0.name)", parameter: $0) }
    }
  }

  /// The number of values an optimizer updates.
  public var trainableCount: Int { Model.trainableCount(of: graph) }

  /// The number of values an optimizer would update in a model of `graph`.
  public static func trainableCount(of graph: Graph) -> Int {
    specifications(of: graph).reduce(0) {
      $0 + ($1.parameter.isTrainable ? $1.parameter.shape.count : 0)
    }
  }

  /// Checks that every parameter is there, with its shape.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` that names the first key that is missing or has another shape.
  public func validate() throws(LayerError) {
    for (key, specification) in Model.specifications(of: graph) {
      guard let value = parameters[key] else {
        throw .invalid("the model has no parameter '\(key)' (\(specification.shape))")
      }
      guard value.shape == specification.shape else {
        throw .invalid("parameter '\(key)' is \(value.shape), but the graph needs \(specification.shape)")
      }
    }
  }

  /// Computes the output for a batch in inference mode.
  ///
  /// - Parameters:
  ///   - x: Images `[N, …]` of the graph's input shape.
  ///   - transforms: Applied to parameters and to the outputs of nodes.
  ///   - observe: Called with every node's value, after its transform, in topological order.
  /// - Throws: ``LayerError`` when shapes do not fit, ``ExecutionError/cancelled`` when asked to stop.
  public func forward(
    _ x: Tensor, transforms: GraphTransforms = GraphTransforms(), execution: Execution,
    observe: ((NodeIndex, Tensor) throws -> Void)? = nil
  ) throws -> Tensor {
    let pass = LayerPass(mode: .inference, execution: execution)
    var run = GraphRun(model: self, transforms: transforms, pass: pass, keepsValues: false)
    return try run.forward(x, observe: observe)
  }

  /// The loss of a batch in training mode and the gradient of every trainable parameter.
  ///
  /// - Parameter scope: Whose gradients are computed.
  /// - Returns: Loss, gradients by key, the output (for accuracy), and the new values of the buffers.
  public func gradients(
    _ x: Tensor, loss: Loss, transforms: GraphTransforms = GraphTransforms(),
    scope: GradientScope = .parameters,
    execution: Execution
  ) throws -> TrainingResult {
    let pass = LayerPass(mode: .training, execution: execution)
    var run = GraphRun(model: self, transforms: transforms, pass: pass, keepsValues: true, scope: scope)
    let output = try run.forward(x, observe: nil)
    let (value, gradient) = try loss.value(of: output, execution: execution)
    let gradients = try run.backward(gradient)
    return TrainingResult(
      loss: value, gradients: gradients, inputGradient: run.inputGradient, output: output,
      updatedBuffers: run.updatedBuffers)
  }
}

/// Whose gradients a pass computes.
public enum GradientScope: Sendable {
  /// Every trainable parameter.
  case parameters
  /// Every trainable parameter except biases, which reconstruction leaves as they are.
  case weights
  /// Only nodes' outputs, for transforms that learn from the gradient they pass on.
  case outputs
  /// The network's input, and no parameter.
  case input

  var includesParameters: Bool { self == .parameters || self == .weights }
  var includesBiases: Bool { self == .parameters }
  var includesInput: Bool { self == .input }
}

/// What one training pass gave.
public struct TrainingResult: Sendable {
  /// The value of the loss.
  public let loss: Double
  /// Gradients of trainable parameters, by key.
  public let gradients: [String: Tensor]
  /// The gradient of the network's input, when the scope has it.
  public let inputGradient: Tensor?
  /// The graph's output.
  public let output: Tensor
  /// New values of buffers (running statistics), by key.
  public let updatedBuffers: [String: Tensor]
}

/// One pass through a graph: values of the nodes, kept for the adjoint or dropped after their last use.
private struct GraphRun {
  let model: Model
  let transforms: GraphTransforms
  let pass: LayerPass
  let keepsValues: Bool
  private let scope: GradientScope

  private var values: [Tensor?]
  /// Values before the transform of a node's output, where there is one.
  private var untransformed: [Tensor?]
  private var outputs: [LayerOutput?]
  private var parameters: [[Tensor]]
  /// For a layer that computes the ReLU behind it too, that ReLU's node.
  private let fused: [NodeIndex: NodeIndex]
  private(set) var updatedBuffers: [String: Tensor] = [:]
  private(set) var inputGradient: Tensor?

  init(
    model: Model, transforms: GraphTransforms, pass: LayerPass, keepsValues: Bool,
    scope: GradientScope = .parameters
  ) {
    self.scope = scope
    self.model = model
    self.transforms = transforms
    self.pass = pass
    self.keepsValues = keepsValues
    let count = model.graph.nodes.count
    values = [Tensor?](repeating: nil, count: count)
    untransformed = values
    outputs = [LayerOutput?](repeating: nil, count: count)
    parameters = [[Tensor]](repeating: [], count: count)
    // Without an adjoint somebody may look at every node's value.
    fused = keepsValues ? model.graph.fusedReLUs(transforms) : [:]
  }

  mutating func forward(_ x: Tensor, observe: ((NodeIndex, Tensor) throws -> Void)?) throws -> Tensor {
    let graph = model.graph
    guard x.shape.rank > 0, x.shape.droppingFirst == graph.nodes[0].shape else {
      throw LayerError.invalid(
        "the input is \(x.shape), but the network reads batches of \(graph.nodes[0].shape)")
    }
    var remaining = graph.users.map(\.count)
    remaining[graph.output] += 1
    for index in graph.nodes.indices {
      try pass.execution.cancellation.check()
      let value = try compute(index, x)
      values[index] = value
      try observe?(index, value)
      guard !keepsValues else { continue }
      for input in graph.nodes[index].inputs {
        remaining[input] -= 1
        if remaining[input] == 0 { values[input] = nil }
      }
    }
    return try value(graph.output)
  }

  private mutating func compute(_ index: NodeIndex, _ x: Tensor) throws -> Tensor {
    let node = model.graph.nodes[index]
    var value = x
    if let first = node.inputs.first, fused[first] == index {
      value = try self.value(first)
    } else if let layer = node.layer {
      parameters[index] = try layer.parameters.map { try parameter("\(node.name).\($0.name)") }
      let inputs = try node.inputs.map { try self.value($0) }
      let output = try layer.forward(inputs, parameters[index], layerPass(index))
      for (name, buffer) in output.updatedBuffers { updatedBuffers["\(node.name).\(name)"] = buffer }
      value = output.output
      if keepsValues { outputs[index] = output }
    }
    guard let transform = transforms.outputs[node.name] else { return value }
    if keepsValues { untransformed[index] = value }
    return try transform.apply(to: value, execution: pass.execution)
  }

  private func layerPass(_ index: NodeIndex) -> LayerPass {
    LayerPass(
      mode: pass.mode, execution: pass.execution,
      needsInputGradients: scope.includesInput || model.graph.nodes[index].inputs.contains { $0 > 0 },
      needsParameterGradients: scope.includesParameters, needsBiasGradients: scope.includesBiases,
      epilogue: fused[index] == nil ? .identity : .relu)
  }

  private func parameter(_ key: String) throws -> Tensor {
    guard let value = model.parameters[key] else {
      throw LayerError.invalid("the model has no parameter '\(key)'")
    }
    return try transforms.parameters[key]?.apply(to: value, execution: pass.execution) ?? value
  }

  private func value(_ index: NodeIndex) throws -> Tensor {
    guard let value = values[index] else {
      throw LayerError.unknownNode(index: index, usedBy: "a later node")
    }
    return value
  }

  mutating func backward(_ gradient: Tensor) throws -> [String: Tensor] {
    let graph = model.graph
    var pending = [Tensor?](repeating: nil, count: graph.nodes.count)
    pending[graph.output] = gradient
    var gradients: [String: Tensor] = [:]
    for index in graph.nodes.indices.reversed() where index > 0 {
      guard let arrived = pending[index].take() else { continue }
      try pass.execution.cancellation.check()
      let results = try adjoint(index, consume arrived, &gradients)
      for (input, result) in zip(graph.nodes[index].inputs, results) {
        guard let result, input > 0 || scope.includesInput else { continue }
        if let earlier = pending[input].take() {
          pending[input] = try earlier.adding(result, pass.execution)
        } else {
          pending[input] = result
        }
      }
      values[index] = nil
      outputs[index] = nil
      untransformed[index] = nil
    }
    inputGradient = pending[0]
    return gradients
  }

  private mutating func adjoint(
    _ index: NodeIndex, _ arrived: consuming Tensor, _ gradients: inout [String: Tensor]
  ) throws -> [Tensor?] {
    let node = model.graph.nodes[index]
    var gradient = consume arrived
    if let transform = transforms.outputs[node.name], let before = untransformed[index] {
      gradient = try transform.adjoint(gradient, at: before, execution: pass.execution)
    }
    if let first = node.inputs.first, fused[first] == index { return [gradient] }
    guard let layer = node.layer, let saved = outputs[index] else { return [] }
    let result = try layer.backward(
      consume gradient, inputs: try node.inputs.map { try value($0) }, parameters: parameters[index],
      saved: saved, layerPass(index))
    for (specification, value) in zip(layer.parameters, result.parameters) where specification.isTrainable {
      let key = "\(node.name).\(specification.name)"
      guard let value, let raw = model.parameters[key] else { continue }
      gradients[key] =
        try transforms.parameters[key]?.adjoint(value, at: raw, execution: pass.execution) ?? value
    }
    return result.inputs
  }
}

extension Graph {
  /// The ReLUs that the layer before them can compute (its only user, nothing between them), by that layer's node.
  fileprivate func fusedReLUs(_ transforms: GraphTransforms) -> [NodeIndex: NodeIndex] {
    let users = users
    var result: [NodeIndex: NodeIndex] = [:]
    for (index, node) in nodes.enumerated() where node.layer is ReLU {
      let before = node.inputs[0]
      guard nodes[before].layer is any ReLUFusing, users[before] == [index], before != output,
        transforms.outputs[nodes[before].name] == nil
      else { continue }
      result[before] = index
    }
    return result
  }
}

extension ParameterSpecification {
  /// The value of a constant initialiser; zeros for the random ones.
  public var initialValue: Tensor {
    if case .constant(let value) = initializer { return Tensor(shape, repeating: value) }
    return Tensor(zeros: shape)
  }

  func initialValue(_ random: inout RandomSource) -> Tensor {
    switch initializer {
    case .constant(let value): return Tensor(shape, repeating: value)
    case .heNormal(let fan):
      let deviation = (2 / Float(max(1, fan))).squareRoot()
      return Tensor(shape, (0..<shape.count).map { _ in deviation * random.normal() })
    case .uniform(let fan):
      let bound = 1 / Float(max(1, fan)).squareRoot()
      return Tensor(shape, (0..<shape.count).map { _ in bound * (2 * random.uniform() - 1) })
    }
  }
}
