public import Tensors

/// Labelled images, kept as bytes: `[N, H, W, C]` and one class per image.
public struct Dataset: Sendable {
  /// What the data set is called in messages.
  public let name: String
  /// The shape of one image, `[H, W, C]`.
  public let imageShape: Shape
  /// The names of the classes, by label.
  public let classNames: [String]
  private let pixels: [UInt8]
  private let labels: [UInt8]
  /// The images of this data set as rows of ``pixels`` and ``labels``, in order.
  private let rows: [Int]

  /// Makes a data set of `labels.count` images.
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
    if let row = labels.firstIndex(where: { Int($0) >= classNames.count }) {
      throw .malformed(
        path: name, problem: "label \(labels[row]) of image \(row) is outside the \(classNames.count) classes"
      )
    }
    self.name = name
    self.imageShape = imageShape
    self.classNames = classNames
    self.pixels = pixels
    self.labels = labels
    rows = Array(labels.indices)
  }

  private init(_ parent: Dataset, rows: [Int]) {
    name = parent.name
    imageShape = parent.imageShape
    classNames = parent.classNames
    pixels = parent.pixels
    labels = parent.labels
    self.rows = rows
  }

  /// The number of images.
  public var count: Int { rows.count }

  /// The class of an image.
  public func label(_ index: Int) -> Int { Int(labels[rows[index]]) }

  /// Images as FP32 in `0 ... 1` (byte / 255), `[N, H, W, C]`, and their labels.
  public func batch(_ indices: some Collection<Int>) -> (images: Tensor, labels: [Int]) {
    let size = imageShape.count
    let images = Tensor(imageShape.batched(indices.count)) { target in
      for (n, index) in indices.enumerated() {
        let start = rows[index] * size
        for i in 0..<size { target[n * size + i] = Float(pixels[start + i]) / 255 }
      }
    }
    return (images, indices.map(label))
  }

  /// Images as bytes, one after the other.
  public func codes(_ indices: some Collection<Int>) -> [UInt8] {
    let size = imageShape.count
    var result: [UInt8] = []
    result.reserveCapacity(indices.count * size)
    for index in indices { result += pixels[rows[index] * size..<(rows[index] + 1) * size] }
    return result
  }

  /// Returns `count` different images drawn at random.
  ///
  /// - Throws: ``InterchangeError/outOfRange(asked:available:)``.
  public func sample(_ count: Int, seed: UInt64) throws(InterchangeError) -> Dataset {
    guard count <= self.count else { throw .outOfRange(asked: count, available: self.count) }
    var random = RandomSource(seed: seed)
    return Dataset(self, rows: random.permutation(self.count).prefix(count).map { rows[$0] })
  }

  /// Returns the images of a range.
  ///
  /// - Throws: ``InterchangeError/outOfRange(asked:available:)``.
  public func subset(_ range: Range<Int>) throws(InterchangeError) -> Dataset {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .outOfRange(asked: range.upperBound, available: count)
    }
    return Dataset(self, rows: Array(rows[range]))
  }
}
