public import Tensors

/// The result of integer inference: 32-bit logits on one scale.
public struct IntegerLogits: Hashable, Sendable {
  /// `[N, classes]`, row by row.
  public let values: [Int32]
  /// Logits of one image.
  public let classes: Int
  /// The step that all logits share.
  public let scale: Double

  /// The number of images.
  public var count: Int { classes == 0 ? 0 : values.count / classes }

  /// The class of the largest logit for each image, the first of equal ones.
  public var predictions: [Int] {
    (0..<count).map { image in
      var best = 0
      for index in 1..<max(1, classes) where values[image * classes + index] > values[image * classes + best]
      {
        best = index
      }
      return best
    }
  }

  /// The logits as real numbers, `[N, classes]`.
  public var tensor: Tensor { Tensor([count, classes], values.map { Float(Double($0) * scale) }) }
}
