import Layers
import LuaRuntime
import Pipelines
import Quantizers
import Tensors

/// The kinds of network that scripts can measure and train.
enum Networks {
  static let types = "augq.Model|augq.Quantized|augq.Engine"

  /// The classifier behind an argument.
  static func classifier(_ call: LuaCall, _ index: Int) throws -> any Classifier {
    if let model = try call.optionalObject(ModelObject.self, index) { return model.value }
    if let quantized = try call.optionalObject(QuantizedObject.self, index) { return quantized.value }
    if let engine = try call.optionalObject(EngineObject.self, index) { return engine.value }
    throw call.wrong(index, "an augq.Model, augq.Quantized or augq.Engine")
  }

  /// The layers of a network that computes in FP32; the engine needs a quarter of the memory and has its own plan.
  static func graph(of classifier: any Classifier) -> Graph? {
    (classifier as? any Trainable)?.model.graph
  }

  /// A network taken out of its object while it trains; `store` puts it back.
  struct Training {
    var value: any Trainable
    let put: (any Trainable) throws -> Void
    func store() throws { try put(value) }
  }

  /// The network to train behind an argument.
  static func trainable(_ call: LuaCall, _ index: Int) throws -> Training {
    if let model = try call.optionalObject(ModelObject.self, index) {
      return Training(value: model.value) { model.value = $0.model }
    }
    if let quantized = try call.optionalObject(QuantizedObject.self, index) {
      return Training(value: quantized.value) { trained in
        quantized.value.model = trained.model
        // The grids of the last step belong to weights one step older.
        try quantized.value.refitWeights()
      }
    }
    throw call.wrong(index, "an augq.Model or augq.Quantized")
  }
}

extension LuaCall {
  /// The batch that argument 1 of `forward` is, when the values between the layers fit into memory.
  func images(for graph: Graph) throws -> Tensor {
    let images = try object(TensorObject.self, 0).value
    try reserveActivations(of: graph, images: images.shape.dimensions.first ?? 0)
    return images
  }

  /// Makes sure that the values of a graph's parameters fit into memory.
  ///
  /// - Throws: ``LuaMemoryError``.
  func reserveParameters(of graph: Graph) throws {
    let count = Model.specifications(of: graph).reduce(0) { $0 + $1.parameter.shape.count }
    try lua.reserve(bytes: count * MemoryLayout<Float>.stride, for: "parameters")
  }

  /// Makes sure that the values between the layers fit into memory: of the largest layer with its inputs, or of all
  /// when a training step keeps them.
  ///
  /// - Throws: ``LuaMemoryError``.
  func reserveActivations(of graph: Graph, images: Int, keepsAll: Bool = false) throws {
    let nodes = graph.nodes.map { node in
      node.shape.count + (keepsAll ? 0 : node.inputs.reduce(0) { $0 + graph.nodes[$1].shape.count })
    }
    let values = keepsAll ? nodes.reduce(0, +) : nodes.max() ?? 0
    let (count, overflow) = (values * MemoryLayout<Float>.stride).multipliedReportingOverflow(by: images)
    try lua.reserve(bytes: overflow ? Int.max : count, for: "activations of \(images) images")
  }
}
