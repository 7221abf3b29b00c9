/// A dense FP32 array in row-major order, with value semantics (copy on write).
///
/// Activations are `[N, H, W, C]`, weights `[O, kH, kW, I]`, matrices `[rows, columns]`.
///
///     let x = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
///     x[4]            // 5
///     x.reshaped([3, 2]).shape   // 3x2
public struct Tensor: Sendable {
  /// The extents of the array.
  public let shape: Shape
  /// The memory behind the values; shared until written.
  public private(set) var storage: Storage

  /// The number of values.
  public var count: Int { storage.count }

  /// Makes a tensor on existing storage.
  public init(shape: Shape, storage: Storage) {
    precondition(shape.count == storage.count, "shape \(shape) does not hold \(storage.count) values")
    self.shape = shape
    self.storage = storage
  }

  /// Makes a tensor whose values the caller sets before anybody reads them.
  public init(uninitialized shape: Shape) {
    self.init(shape: shape, storage: Storage(uninitializedCount: shape.count))
  }

  /// Makes a tensor with every value equal to `value`.
  public init(_ shape: Shape, repeating value: Float) {
    self.init(uninitialized: shape)
    storage.pointer.initialize(repeating: value, count: shape.count)
  }

  /// Makes a tensor of zeros.
  public init(zeros shape: Shape) {
    self.init(shape, repeating: 0)
  }

  /// Makes a tensor from values in row-major order.
  public init(_ shape: Shape, _ values: some Collection<Float>) {
    precondition(values.count == shape.count, "shape \(shape) does not hold \(values.count) values")
    self.init(uninitialized: shape)
    _ = UnsafeMutableBufferPointer(start: storage.pointer, count: count).initialize(from: values)
  }

  /// Makes a tensor by calling `fill` with its memory.
  public init(_ shape: Shape, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    self.init(uninitialized: shape)
    try fill(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }

  /// The value at a row-major index.
  public subscript(_ index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "index \(index) outside a tensor of \(count) values")
      return storage.pointer[index]
    }
    set {
      precondition(index >= 0 && index < count, "index \(index) outside a tensor of \(count) values")
      withMutableValues { $0[index] = newValue }
    }
  }

  /// The values as an array, in row-major order.
  public var values: [Float] {
    withValues { Array($0) }
  }

  /// Calls `body` with the values for reading.
  @inline(__always)
  public func withValues<R, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
    // The storage must outlive the pointer even when the optimizer sees its last use before `body`.
    let owner = storage
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeBufferPointer(start: owner.pointer, count: owner.count))
  }

  /// Calls `body` with the values for writing; copies them first when they are shared.
  @inline(__always)
  public mutating func withMutableValues<R, E: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    if !isKnownUniquelyReferenced(&storage) {
      let copy = Storage(uninitializedCount: count)
      copy.pointer.initialize(from: storage.pointer, count: count)
      storage = copy
    }
    let owner = storage
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeMutableBufferPointer(start: owner.pointer, count: owner.count))
  }

  /// Whether nobody else reads these values: a write then needs no copy.
  public var isUnique: Bool {
    mutating get { isKnownUniquelyReferenced(&storage) }
  }

  /// Returns the same values under another shape of the same count.
  public func reshaped(_ shape: Shape) -> Tensor {
    Tensor(shape: shape, storage: storage)
  }

  /// Returns rows `range` of the first dimension, copied.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(
      shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
    let stride = shape.droppingFirst.count
    return Tensor(shape.droppingFirst.batched(range.count)) { target in
      withValues { source in
        _ = target.initialize(from: source[(range.lowerBound * stride)..<(range.upperBound * stride)])
      }
    }
  }
}
