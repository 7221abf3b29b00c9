#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A constant of an ONNX graph: a weight, an option, or a shape computed from extents.
struct ONNXConstant {
  /// The values in row-major order.
  enum Content {
    case floats([Float])
    /// `nil` stands for the number of images of a batch.
    case integers([Int?])
  }

  /// The extents, outermost first.
  let dims: [Int]
  /// The values.
  let content: Content

  init(_ dims: [Int], _ content: Content) {
    self.dims = dims
    self.content = content
  }

  /// A list of integers.
  init(_ integers: [Int?]) { self.init([integers.count], .integers(integers)) }

  /// The number of values.
  var count: Int { dims.reduce(1, *) }

  /// The values as integers.
  var integers: [Int?]? { if case .integers(let values) = content { values } else { nil } }

  /// The values as floating-point numbers; integers are converted.
  var floats: [Float]? {
    switch content {
    case .floats(let values): return values
    case .integers(let values):
      let known = values.compactMap { $0 }
      return known.count == values.count ? known.map(Float.init) : nil
    }
  }

  /// The values at some places of this constant, as a constant of other extents.
  func picking(_ places: [Int], dims: [Int]) -> ONNXConstant {
    switch content {
    case .floats(let values): ONNXConstant(dims, .floats(places.map { values[$0] }))
    case .integers(let values): ONNXConstant(dims, .integers(places.map { values[$0] }))
    }
  }

  /// The same values under other extents of the same count.
  func reshaped(_ dims: [Int]) -> ONNXConstant { ONNXConstant(dims, content) }

  /// The constant with its axes in another order.
  func transposed(_ order: [Int]) -> ONNXConstant {
    let strides = RowMajor.strides(dims)
    return picking(
      RowMajor.places(order.map { (extent: dims[$0], stride: strides[$0]) }), dims: order.map { dims[$0] })
  }

  /// The values at some places along an axis.
  func picking(_ places: [Int], along axis: Int, dims: [Int]) -> ONNXConstant {
    let inner = self.dims[(axis + 1)...].reduce(1, *)
    let extent = self.dims[axis]
    let sources = (0..<self.dims[..<axis].reduce(1, *)).flatMap { outer in
      places.flatMap { place in (0..<inner).map { (outer * extent + place) * inner + $0 } }
    }
    return picking(sources, dims: dims)
  }

  /// The only value, for every place of some extents.
  private func repeated(_ dims: [Int]) -> ONNXConstant {
    let count = dims.reduce(1, *)
    return switch content {
    case .floats(let values): ONNXConstant(dims, .floats([Float](repeating: values[0], count: count)))
    case .integers(let values): ONNXConstant(dims, .integers([Int?](repeating: values[0], count: count)))
    }
  }

  /// The values repeated along axes of extent 1, and along new axes in front, to extents that these fit.
  func broadcast(to wide: [Int]) -> ONNXConstant {
    let own = RowMajor.aligned(dims, rank: wide.count)
    if own == wide { return reshaped(wide) }
    if count == 1 { return repeated(wide) }
    let axes = zip(zip(own, wide), RowMajor.strides(own)).map { extents, stride in
      (extent: extents.1, stride: extents.0 == 1 ? 0 : stride)
    }
    return picking(RowMajor.places(axes), dims: wide)
  }
}

extension ONNXConstant {
  /// The most axes a tensor may have.
  static let largestRank = 8

  /// The most positions that the extents of a tensor without values may have beside the extent of 0: loops go over them.
  private static let largestEmpty = 1 << 12

  /// The number of values of some extents; `nil` when one is negative, they are too many, or the product of those that are
  /// not 0 is beyond 2^40, so that no partial product can overflow, or beyond 2^12 where one is 0.
  static func volume(_ dims: [Int]) -> Int? {
    guard dims.count <= largestRank else { return nil }
    var product = 1
    for extent in dims {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, extent))
      guard extent >= 0, !overflow, next <= 1 << 40 else { return nil }
      product = next
    }
    guard dims.contains(0) else { return product }
    return product <= largestEmpty ? 0 : nil
  }

  /// Decodes a tensor of the file.
  ///
  /// - Parameter name: How errors name it.
  /// - Throws: ``ONNXProblem`` when the values are elsewhere, of a type we do not read, not as many as the extents say, or
  ///   not finite.
  init(_ tensor: ONNXTensorProto, name: String) throws(ONNXProblem) {
    func malformed(_ problem: String) -> ONNXProblem { .malformed("tensor '\(name)': \(problem)") }
    guard tensor.dataLocation == .default else {
      throw malformed(
        "its values are in another file (external data), which is not read. Save the model as one file.")
    }
    guard tensor.dims.count <= Self.largestRank else {
      throw malformed("it has \(tensor.dims.count) axes, but at most \(Self.largestRank) are read")
    }
    let dims = tensor.dims.map { Int($0) }
    guard let count = Self.volume(dims) else { throw malformed("extents \(dims) are negative or too large") }
    guard let type = ElementType(rawValue: tensor.dataType) else {
      throw malformed(
        "element type \(tensor.dataType) is not read. Export with float, float16, bfloat16, double, int32 or int64."
      )
    }
    let content = try tensor.content(type, count: count) { malformed($0) }
    try self.init(finite: content, dims, name: name)
  }

  /// Values that must be finite when they are real numbers.
  init(finite content: Content, _ dims: [Int], name: String) throws(ONNXProblem) {
    if case .floats(let values) = content, let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .malformed(
        "tensor '\(name)': it holds \(values[index]) at index \(index). Only finite weights can be used.")
    }
    self.init(dims, content)
  }

  /// The element types we read, with the format's numbers.
  enum ElementType: Int32 {
    case float32 = 1
    case int32 = 6
    case int64 = 7
    case bool = 9
    case float16 = 10
    case float64 = 11
    case bfloat16 = 16

    /// Whether values are floating-point.
    var isFloating: Bool { self != .int32 && self != .int64 && self != .bool }

    /// Bytes per value.
    var size: Int {
      switch self {
      case .bool: 1
      case .float16, .bfloat16: 2
      case .float32, .int32: 4
      case .int64, .float64: 8
      }
    }
  }
}

extension ONNXTensorProto {
  /// The values, from the raw bytes or from the field of the type.
  fileprivate func content(
    _ type: ONNXConstant.ElementType, count: Int, malformed: (String) -> ONNXProblem
  ) throws(ONNXProblem) -> ONNXConstant.Content {
    func check(_ found: Int, _ needed: Int, _ unit: String) throws(ONNXProblem) {
      guard found == needed else {
        throw malformed("extents \(dims) of \(type) need \(needed) \(unit), but \(found) are there")
      }
    }
    if hasRawData {
      try check(rawData.count, count * type.size, "bytes")
      return rawData.withUnsafeBytes { decoded($0, type, count) }
    }
    switch type {
    case .float32:
      try check(floatData.count, count, "values")
      return .floats(floatData)
    case .float64:
      try check(doubleData.count, count, "values")
      return .floats(doubleData.map(Float.init))
    case .float16, .bfloat16:
      try check(int32Data.count, count, "values")
      return .floats(int32Data.map { type.value(ofBits: UInt16(truncatingIfNeeded: $0)) })
    case .int64:
      try check(int64Data.count, count, "values")
      return .integers(int64Data.map { Int($0) })
    case .int32, .bool:
      try check(int32Data.count, count, "values")
      return .integers(int32Data.map { Int($0) })
    }
  }

  private func decoded(
    _ bytes: UnsafeRawBufferPointer, _ type: ONNXConstant.ElementType, _ count: Int
  ) -> ONNXConstant.Content {
    func load<T>(_ index: Int, _: T.Type) -> T {
      bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
    }
    switch type {
    case .float32: return .floats((0..<count).map { load($0, Float.self) })
    case .float64: return .floats((0..<count).map { Float(load($0, Double.self)) })
    case .float16, .bfloat16: return .floats((0..<count).map { type.value(ofBits: load($0, UInt16.self)) })
    case .int64: return .integers((0..<count).map { Int(load($0, Int64.self)) })
    case .int32: return .integers((0..<count).map { Int(load($0, Int32.self)) })
    case .bool: return .integers((0..<count).map { Int(bytes[$0]) })
    }
  }
}

extension ONNXConstant.ElementType {
  /// The value of a 16-bit pattern of one of the two short types.
  fileprivate func value(ofBits bits: UInt16) -> Float {
    self == .bfloat16 ? Float(bitPattern: UInt32(bits) << 16) : Float(halfBits: bits)
  }
}
