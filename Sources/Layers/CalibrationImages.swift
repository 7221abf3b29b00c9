public import Tensors

/// Images that are read in pieces, so that they need not be in memory together: a tensor, or a data set.
public protocol CalibrationImages: Sendable {
  /// The number of images.
  var imageCount: Int { get }
  /// The shape of one image.
  var imageShape: Shape { get }
  /// Reads the images of a range, `[range.count, …]`.
  ///
  /// - Throws: An error that names the file for an image that cannot be read.
  func images(_ range: Range<Int>) throws -> Tensor
}

extension CalibrationImages {
  /// Calls `body` with the first image's number and the images of every batch, in order.
  public func forEachBatch(of size: Int, _ body: (_ first: Int, _ images: Tensor) throws -> Void) throws {
    for start in stride(from: 0, to: imageCount, by: size) {
      try body(start, images(start..<min(imageCount, start + size)))
    }
  }
}

/// The first dimension counts the images.
extension Tensor: CalibrationImages {
  /// The first extent; 0 for a scalar.
  public var imageCount: Int { shape.rank > 0 && count > 0 ? shape[0] : 0 }
  /// The shape without its first extent.
  public var imageShape: Shape { shape.rank > 0 ? shape.droppingFirst : shape }
  /// Returns rows.
  public func images(_ range: Range<Int>) -> Tensor { rows(range) }
}
