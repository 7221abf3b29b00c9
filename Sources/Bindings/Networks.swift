import LuaRuntime
import Pipelines

/// The kinds of network that scripts can measure and train.
enum Networks {
  static let types = "augq.Model"

  /// The classifier behind an argument.
  static func classifier(_ call: LuaCall, _ index: Int) throws -> any Classifier {
    if let model = try call.optionalObject(ModelObject.self, index) { return model.value }
    throw call.wrong(index, "an \(types.map { $0 == "|" ? " or " : "\($0)" }.joined())")
  }

  /// A network taken out of its object while it trains; `store` puts it back.
  struct Training {
    var value: any Trainable
    let put: (any Trainable) -> Void
    func store() { put(value) }
  }

  /// The network to train behind an argument.
  static func trainable(_ call: LuaCall, _ index: Int) throws -> Training {
    if let model = try call.optionalObject(ModelObject.self, index) {
      return Training(value: model.value) { model.value = $0.model }
    }
    throw call.wrong(index, "an augq.Model or augq.Quantized")
  }
}
