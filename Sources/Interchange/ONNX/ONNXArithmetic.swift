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
    let (left, right) = (a.broadcast(to: dims), b.broadcast(to: dims))
    switch (left.content, right.content) {
    case (.floats(let left), .floats(let right)):
      let values = try zip(left, right).map { (x, y) throws(ONNXProblem) in
        let value = reals(x, y)
        guard value.isFinite else {
          throw .malformed(
            "the constants \(x) and \(y) combine to \(value). Only finite weights can be used.")
        }
        return value
      }
      return ONNXConstant(dims, .floats(values))
    case (.integers, .integers):
      let operands = zip(
        try ONNXFolding.known(left, "operands"), try ONNXFolding.known(right, "operands"))
      let values = try operands.map { (x, y) throws(ONNXProblem) in
        let (value, overflow) = integers(x, y)
        guard !overflow else {
          throw .malformed("the constants \(x) and \(y) cannot be combined: overflow, or division by 0")
        }
        return value
      }
      return ONNXConstant(dims, .integers(values))
    default:
      throw .malformed("one constant is integers and the other real numbers, but both must be of one type")
    }
  }

  /// The extents that two tensors have together, `nil` when they do not fit.
  private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var dims: [Int] = []
    for (x, y) in zip(RowMajor.aligned(a, rank: rank), RowMajor.aligned(b, rank: rank)) {
      guard x == y || x == 1 || y == 1 else { return nil }
      dims.append(x == 1 ? y : x)
    }
    return dims
  }
}
