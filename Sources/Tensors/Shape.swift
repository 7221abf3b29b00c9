/// The extents of a tensor, outermost first; `[N, H, W, C]` for a batch of images.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The extents, each at least 0.
  public let dimensions: [Int]

  /// Makes a shape of the given extents.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative extent in \(dimensions)")
    self.dimensions = dimensions
  }

  /// Makes a shape from a literal such as `[64, 28, 28, 1]`.
  public init(arrayLiteral elements: Int...) {
    self.init(elements)
  }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The number of elements: the product of the extents, 1 for a scalar.
  public var count: Int { dimensions.reduce(1, *) }

  /// The number of elements; `nil` when it, or the product of some of the extents, does not fit 63 bits.
  public var checkedCount: Int? {
    let product = dimensions.reduce(Optional(1)) { product, extent in
      guard let (value, overflow) = product?.multipliedReportingOverflow(by: max(1, extent)), !overflow else {
        return nil
      }
      return value
    }
    return product.map { dimensions.contains(0) ? 0 : $0 }
  }

  /// The extent of one dimension; a negative index counts from the end.
  public subscript(_ axis: Int) -> Int {
    dimensions[axis < 0 ? rank + axis : axis]
  }

  /// The shape without its first dimension: one image's shape from a batch's.
  public var droppingFirst: Shape { Shape(Array(dimensions.dropFirst())) }

  /// The shape with one more dimension in front: a batch of `count` such values.
  public func batched(_ count: Int) -> Shape { Shape([count] + dimensions) }

  /// The shape as error messages print it: `64x28x28x1`, or `scalar`.
  public var description: String {
    dimensions.isEmpty ? "scalar" : dimensions.map(String.init).joined(separator: "x")
  }
}
