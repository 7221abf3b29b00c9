/// An operator on two constants that are broadcast to each other: extents to compute a shape, or weights and their factors.
struct ONNXArithmetic: Sendable {
  /// What it does to integers.
  private let integers: @Sendable (Int, Int) -> (partialValue: Int, overflow: Bool)
  /// What it does to real numbers.
  private let reals: @Sendable (Float, Float) -> Float

  static let add = ONNXArithmetic(integers: { $0.addingReportingOverflow($1) }, reals: { $0 + $1 })
  static let subtract = ONNXArithmetic(integers: { $0.subtractingReportingOverflow($1) }, reals: { $0 - $1 })
  static let multiply = ONNXArithmetic(
    integers: { $0.multipliedReportingOverflow(by: $1) }, reals: { $0 * $1 })
  static let divide = ONNXArithmetic(integers: { $0.dividedReportingOverflow(by: $1) }, reals: { $0 / $1 })

  /// The result for each pair of values.
  ///
  /// - Throws: ``ONNXProblem`` when extents do not broadcast, one operand is integers and the other is not, or a result is
  ///   no number.
  func combined(_ inputs: [ONNXConstant?]) throws(ONNXProblem) -> ONNXConstant {
    let (a, b) = (try ONNXFolding.input(inputs, 0), try ONNXFolding.input(inputs, 1))
    guard let dims = Self.broadcast(a.dims, b.dims) else {
      throw .malformed("constants of extents \(a.dims) and \(b.dims) do not fit")
    }
    try ONNXFolding.checkCount(dims, given: max(a.count, b.count))
    let places = zip(a.places(broadcastTo: dims), b.places(broadcastTo: dims))
    switch (a.content, b.content) {
    case (.floats(let left), .floats(let right)):
      var values: [Float] = []
      for (i, j) in places {
        let value = reals(left[i], right[j])
        guard value.isFinite else {
          throw .malformed(
            "the constants \(left[i]) and \(right[j]) combine to \(value). Only finite weights can be used.")
        }
        values.append(value)
      }
      return ONNXConstant(dims, .floats(values))
    case (.integers, .integers):
      let (left, right) = (try ONNXFolding.known(a, "operands"), try ONNXFolding.known(b, "operands"))
      var values: [Int?] = []
      for (i, j) in places {
        let (value, overflow) = integers(left[i], right[j])
        guard !overflow else {
          throw .malformed(
            "the constants \(left[i]) and \(right[j]) cannot be combined: overflow, or division by 0")
        }
        values.append(value)
      }
      return ONNXConstant(dims, .integers(values))
    default:
      throw .malformed("one constant is integers and the other real numbers, but both must be of one type")
    }
  }

  /// The extents that two tensors have together, `nil` when they do not fit.
  private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    let (left, right) = (aligned(a, rank), aligned(b, rank))
    var dims: [Int] = []
    for (x, y) in zip(left, right) {
      guard x == y || x == 1 || y == 1 else { return nil }
      dims.append(x == 1 ? y : x)
    }
    return dims
  }

  /// Extents with 1s put before them.
  fileprivate static func aligned(_ dims: [Int], _ rank: Int) -> [Int] {
    [Int](repeating: 1, count: rank - dims.count) + dims
  }
}

extension ONNXConstant {
  /// For each value of a larger tensor the place of the value here that stands for it.
  fileprivate func places(broadcastTo wide: [Int]) -> [Int] {
    let own = ONNXArithmetic.aligned(dims, wide.count)
    var stride = count
    var places = [0]
    for (extent, wanted) in zip(own, wide) {
      stride /= max(1, extent)
      let step = extent == 1 ? 0 : stride
      places = places.flatMap { base in (0..<wanted).map { base + $0 * step } }
    }
    return places
  }
}
