public import Layers
public import Tensors

/// Labelled images: rows of stored values, `[N, H, W, C]`, a map from them to what networks read, and one class per row.
public struct Dataset: Sendable {
  /// What the data set is called in messages.
  public let name: String
  /// The shape of one image, `[H, W, C]`.
  public let imageShape: Shape
  /// The names of the classes, by label; empty for images without labels.
  public let classNames: [String]
  /// From stored values to what ``batch(_:)`` gives.
  public private(set) var map: ChannelMap
  private let source: RowSource
  private let labels: [Int]
  /// The images of this data set as rows of the source and of ``labels``, in order.
  private var rows: [Int]

  /// Makes a data set of `labels.count` images of bytes; networks read them as `byte / 255`.
  ///
  /// - Throws: ``InterchangeError/malformed(path:problem:)`` when counts differ or a label has no class.
  public init(
    name: String, imageShape: Shape, classNames: [String], pixels: [UInt8], labels: [UInt8]
  ) throws(InterchangeError) {
    guard pixels.count == labels.count * imageShape.count else {
      throw .malformed(
        path: name,
        problem: "\(pixels.count) bytes of images \(imageShape) do not make \(labels.count) labelled images")
    }
    try self.init(
      name: name, imageShape: imageShape, source: .bytes(pixels, lowest: 0), count: labels.count,
      labels: labels.map(Int.init), classNames: classNames)
  }

  /// Makes a data set of `count` rows; without classes it has no labels.
  init(
    name: String, imageShape: Shape, source: RowSource, count: Int, labels: [Int], classNames: [String],
    map: ChannelMap = .pixels
  ) throws(InterchangeError) {
    if let row = labels.firstIndex(where: { $0 >= classNames.count }) {
      throw .malformed(
        path: name, problem: "label \(labels[row]) of image \(row) is outside the \(classNames.count) classes"
      )
    }
    self.name = name
    self.imageShape = imageShape
    self.classNames = classNames
    self.source = source
    self.labels = labels
    try Self.check(map, imageShape)
    self.map = map
    rows = Array(0..<count)
  }

  private static func check(_ map: ChannelMap, _ shape: Shape) throws(InterchangeError) {
    let channels = shape.rank > 0 ? shape[-1] : 1
    guard map.scales.count == 1 || map.scales.count == channels else {
      throw .wrongMap(
        "\(map.scales.count) channels are normalised, but images \(shape) have \(channels). "
          + "Give one number, or \(channels).")
    }
  }

  /// The number of images.
  public var count: Int { rows.count }

  /// Whether images have classes.
  public var hasLabels: Bool { !classNames.isEmpty }

  /// The class of an image; 0 in a data set without labels.
  public func label(_ index: Int) -> Int { labels.isEmpty ? 0 : labels[rows[index]] }

  /// Images as FP32 by the ``map``, `byte / 255` unless another one was chosen, `[N, H, W, C]`, and their labels.
  ///
  /// - Throws: ``InterchangeError`` for an image file that cannot be decoded.
  public func batch(
    _ indices: some Collection<Int>
  ) throws(InterchangeError) -> (images: Tensor, labels: [Int]) {
    var images = Tensor(uninitialized: imageShape.batched(indices.count))
    let wanted = indices.map { rows[$0] }
    try images.withMutableValues { target throws(InterchangeError) in
      try source.write(wanted, size: imageShape.count, by: map, to: target)
    }
    return (images, indices.map(label))
  }

  /// Images as bytes, one after the other.
  ///
  /// - Returns: `nil` when networks do not read these images as `byte / 255`.
  /// - Throws: ``InterchangeError`` for an image file that cannot be decoded.
  public func codes(_ indices: some Collection<Int>) throws(InterchangeError) -> [UInt8]? {
    guard map == .pixels, source.lowest == 0 else { return nil }
    return try source.bytes(of: indices.map { rows[$0] }, size: imageShape.count)
  }

  /// Returns the same images with another map from stored values to what networks read.
  ///
  /// - Throws: ``InterchangeError/wrongMap(_:)`` when the map is for another number of channels.
  public func normalized(by map: ChannelMap) throws(InterchangeError) -> Dataset {
    try Self.check(map, imageShape)
    var result = self
    result.map = map
    return result
  }

  /// Returns the same images as `(x / 255 - mean) / deviation`.
  ///
  /// - Throws: ``InterchangeError/wrongMap(_:)`` when the rows are no bytes of images, or for wrong numbers.
  public func normalized(mean: [Double], deviation: [Double]) throws(InterchangeError) -> Dataset {
    if case .reals = source {
      throw .wrongMap("mean and std are for bytes, but these rows are real numbers. Give scale and shift.")
    }
    guard source.lowest == 0 else {
      throw .wrongMap("mean and std are for bytes of 0 ... 255, but these are signed. Give scale and shift.")
    }
    return try normalized(by: ChannelMap(mean: mean, deviation: deviation))
  }

  /// Returns `count` different images drawn at random.
  ///
  /// - Throws: ``InterchangeError/outOfRange(asked:available:)``.
  public func sample(_ count: Int, seed: UInt64) throws(InterchangeError) -> Dataset {
    guard count <= self.count else { throw .outOfRange(asked: count, available: self.count) }
    var random = RandomSource(seed: seed)
    var result = self
    result.rows = random.permutation(self.count).prefix(count).map { rows[$0] }
    return result
  }

  /// Returns the images of a range.
  ///
  /// - Throws: ``InterchangeError/outOfRange(asked:available:)``.
  public func subset(_ range: Range<Int>) throws(InterchangeError) -> Dataset {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .outOfRange(asked: range.upperBound, available: count)
    }
    var result = self
    result.rows = Array(rows[range])
    return result
  }
}

extension Dataset: CalibrationImages {
  /// The number of images.
  public var imageCount: Int { count }
  /// Reads images as ``batch(_:)`` gives them.
  ///
  /// - Throws: ``InterchangeError`` for an image file that cannot be decoded.
  public func images(_ range: Range<Int>) throws -> Tensor { try batch(range).images }
}
