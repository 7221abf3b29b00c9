public import Interchange
public import Layers
public import Tensors

/// Anything that scores images: the FP32 network, its fake-quantized form, the integer engine.
public protocol Classifier {
  /// The shape of one image, `[H, W, C]`.
  var inputShape: Shape { get }
  /// The number of scores per image.
  var classCount: Int { get }
  /// Returns scores `[N, classes]`; only their order within an image matters.
  func scores(for images: Dataset, rows: Range<Int>, execution: Execution) throws -> Tensor
}

extension Model: Classifier {
  /// The shape of one image, `[H, W, C]`.
  public var inputShape: Shape { graph.nodes[0].shape }
  /// The number of scores per image.
  public var classCount: Int { graph.nodes[graph.output].shape.count }
  /// Returns the FP32 scores.
  public func scores(for images: Dataset, rows: Range<Int>, execution: Execution) throws -> Tensor {
    try forward(images.batch(Array(rows)).images, execution: execution)
  }
}
