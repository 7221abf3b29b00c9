import Layers
import Quantizers
import Tensors

/// The inputs of a network's nodes over calibration images, asked for front to back.
///
/// Each sub-batch keeps the values that later nodes still read, as long as all of them fit the memory limit; sub-batches
/// beyond it start again from what they last kept, at worst from their images. The values are the same either way.
struct ActivationStream {
  /// A sub-batch: nodes before `next` are done, and those that later ones read are in `values`.
  private struct State {
    var next: NodeIndex = 0
    var values: [NodeIndex: Tensor] = [:]
    var byteCount: Int { values.values.reduce(0) { $0 + $1.storage.byteCount } }
  }

  private let images: any CalibrationImages
  private let batch: Int
  private let memoryLimit: Int
  private let lastUse: [NodeIndex]
  private var states: [State]
  private var kept = 0

  /// Prepares a stream.
  ///
  /// - Throws: ``QuantizationError/emptyCalibration(_:)``, or ``LayerError`` when the images do not fit the graph.
  init(_ images: any CalibrationImages, graph: Graph, batch: Int, memoryLimit: Int) throws {
    let count = images.imageCount
    guard count > 0 else { throw QuantizationError.emptyCalibration("the layers' inputs") }
    guard images.imageShape == graph.nodes[0].shape else {
      throw LayerError.invalid(
        "the calibration images are \(images.imageShape.batched(count)), but the network reads batches of \(graph.nodes[0].shape)"
      )
    }
    self.images = images
    self.batch = batch
    self.memoryLimit = memoryLimit
    lastUse = graph.users.map { $0.max() ?? -1 }
    states = Array(repeating: State(), count: (count + batch - 1) / batch)
  }

  /// The number of sub-batches.
  var batchCount: Int { states.count }

  /// Computes the inputs of a node for one sub-batch with the model as it is now; `node` never falls from call to call.
  mutating func inputs(
    of node: NodeIndex, batch index: Int, _ model: Model, _ transforms: GraphTransforms, execution: Execution
  ) throws -> [Tensor] {
    var state = states[index]
    while state.next < node {
      let current = state.next
      state.values[current] = try value(of: current, batch: index, state.values, model, transforms, execution)
      state.next += 1
      let next = state.next
      state.values = state.values.filter { lastUse[$0.key] >= next }
    }
    keep(state, at: index)
    return model.graph.nodes[node].inputs.compactMap { state.values[$0] }
  }

  private mutating func keep(_ state: State, at index: Int) {
    let change = state.byteCount - states[index].byteCount
    guard kept + change <= memoryLimit else { return }
    kept += change
    states[index] = state
  }

  private func value(
    of index: NodeIndex, batch: Int, _ values: [NodeIndex: Tensor], _ model: Model,
    _ transforms: GraphTransforms, _ execution: Execution
  ) throws -> Tensor {
    let node = model.graph.nodes[index]
    let value =
      try node.layer == nil
      ? images.images(batch * self.batch..<min(images.imageCount, (batch + 1) * self.batch))
      : model.output(of: node, node.inputs.compactMap { values[$0] }, transforms, execution)
    return try transforms.outputs[node.name]?.apply(to: value, execution: execution) ?? value
  }
}

extension Model {
  /// Computes a node from its inputs, with the transforms of its parameters but without that of its output.
  func output(
    of node: Node, _ inputs: [Tensor], _ transforms: GraphTransforms, _ execution: Execution
  ) throws -> Tensor {
    guard let layer = node.layer else { preconditionFailure("the input is not computed") }
    try execution.cancellation.check()
    let values = try layer.parameters.map { specification in
      let key = "\(node.name).\(specification.name)"
      guard let value = parameters[key] else {
        throw LayerError.invalid("the model has no parameter '\(key)'")
      }
      return try transforms.parameters[key]?.apply(to: value, execution: execution) ?? value
    }
    return try layer.forward(inputs, values, LayerPass(mode: .inference, execution: execution)).output
  }
}
