public import Inference
public import Interchange
public import Layers
public import Quantizers
public import Tensors

extension QuantizedModel: Trainable {
  /// The shape of one image, `[H, W, C]`.
  public var inputShape: Shape { model.inputShape }
  /// The number of scores per image.
  public var classCount: Int { model.classCount }

  /// Returns the fake-quantized scores.
  public func scores(for images: Dataset, rows: Range<Int>, execution: Execution) throws -> Tensor {
    try forward(images.batch(rows).images, execution: execution)
  }

  /// The fake quantizers, with the weights' grids fitted to the present weights; activation grids stay.
  public mutating func trainingTransforms(execution: Execution) throws -> GraphTransforms {
    try refitWeights(execution: execution)
    return transforms()
  }
}

extension IntegerEngine: Classifier {
  /// The number of scores per image.
  public var classCount: Int { logitCount }

  /// Returns the integer logits as real numbers; the stored bytes are the input's codes when its grid is that of pixels
  /// and the data set gives pixels, not normalised ones.
  public func scores(for images: Dataset, rows: Range<Int>, execution: Execution) throws -> Tensor {
    let isPixels = inputGrid.zeroPoint == 0 && Float(inputGrid.scale) == 1 / 255 && inputGrid.levels == 256
    guard isPixels, let codes = try images.codes(rows) else {
      return try logits(of: images.batch(rows).images, execution: execution).tensor
    }
    return try logits(ofCodes: codes, execution: execution).tensor
  }
}

extension QuantizedModel {
  /// Bytes of the packed model file when the network compiles to integers; else of codes, side information, values left
  /// in FP32 and FP32 biases.
  public func fileByteCount(execution: Execution) throws -> Int {
    try (try? integerModel())?.byteCount ?? packedByteCount(execution: execution)
  }
}
