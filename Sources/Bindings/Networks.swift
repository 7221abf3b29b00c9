import Layers
import LuaRuntime
import Pipelines
import Quantizers

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
