import Interchange
import Layers
import LuaRuntime
import Pipelines
import Tensors

extension LuaOptions {
  /// The images of the option `calibration`, fit for a model.
  ///
  /// - Throws: ``PipelineError`` when there are none, naming `purpose`, or the model reads another shape.
  func calibrationImages(for model: Model, purpose: String) throws -> Dataset {
    guard let data = object("calibration", DatasetObject.self)?.value, data.count > 0 else {
      throw PipelineError.noImages(purpose: purpose)
    }
    guard data.imageShape == model.inputShape else {
      throw PipelineError.shapeMismatch(images: "\(data.imageShape)", network: "\(model.inputShape)")
    }
    return data
  }
}
