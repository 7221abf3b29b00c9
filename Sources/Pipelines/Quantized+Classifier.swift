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

  /// Returns the integer logits as real numbers; pixels are the input's codes when its grid is that of pixels.
  public func scores(for images: Dataset, rows: Range<Int>, execution: Execution) throws -> Tensor {
    let isPixels = inputGrid.zeroPoint == 0 && Float(inputGrid.scale) == 1 / 255 && inputGrid.levels == 256
    guard isPixels else { return try logits(of: images.batch(rows).images, execution: execution).tensor }
    return try logits(ofCodes: images.codes(rows), execution: execution).tensor
  }
}

extension QuantizedModel {
  /// What the weights cost, mean over all of them.
  public func weightStorage(execution: Execution) throws -> StorageReport? {
    StorageReport.mean(of: try weightStorageByLayer(execution: execution).map(\.report))
  }

  /// What the weights of each layer cost, in the order of the graph.
  public func weightStorageByLayer(execution: Execution) throws -> [(key: String, report: StorageReport)] {
    try plan.weights.compactMap { place in
      guard let grid = weightGrids[place.key], let weight = model.parameters[place.key] else { return nil }
      return (place.key, try grid.storage(of: weight, execution: execution))
    }
  }

  /// What the activations of one image cost, mean over all quantized nodes.
  public var meanActivationStorage: StorageReport? { StorageReport.mean(of: Array(activationStorage.values)) }

  /// Bytes of the packed model file when the network compiles to integers; else of codes, side information and values
  /// left in FP32, plus FP32 biases and weights without a grid.
  public func packedByteCount(execution: Execution) throws -> Int {
    if let lowered = try? integerModel() { return lowered.byteCount }
    let quantized = try weightStorageByLayer(execution: execution)
    let keys = Set(quantized.map(\.key))
    let plain = model.parameters.filter { !keys.contains($0.key) }
    return quantized.reduce(0) { $0 + $1.report.byteCount } + plain.values.reduce(0) { $0 + $1.storage.byteCount }
  }
}
