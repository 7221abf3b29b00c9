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
    let count = dims.reduce(1, *)
    let (i, j) = (BroadcastPlaces(a.dims, to: dims), BroadcastPlaces(b.dims, to: dims))
    switch (a.content, b.content) {
    case (.floats(let left), .floats(let right)):
      var values: [Float] = []
      values.reserveCapacity(count)
      for place in 0..<count {
        let (x, y) = (left[i[place]], right[j[place]])
        let value = reals(x, y)
        guard value.isFinite else {
          throw .malformed(
            "the constants \(x) and \(y) combine to \(value). Only finite weights can be used.")
        }
        values.append(value)
      }
      return ONNXConstant(dims, .floats(values))
    case (.integers, .integers):
      let (left, right) = (try ONNXFolding.known(a, "operands"), try ONNXFolding.known(b, "operands"))
      var values: [Int?] = []
      values.reserveCapacity(count)
      for place in 0..<count {
        let (x, y) = (left[i[place]], right[j[place]])
        let (value, overflow) = integers(x, y)
        guard !overflow else {
          throw .malformed("the constants \(x) and \(y) cannot be combined: overflow, or division by 0")
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
    var dims: [Int] = []
    for (x, y) in zip(BroadcastPlaces.aligned(a, rank), BroadcastPlaces.aligned(b, rank)) {
      guard x == y || x == 1 || y == 1 else { return nil }
      dims.append(x == 1 ? y : x)
    }
    return dims
  }
}

/// For each value of a tensor the place of the value of a smaller one that stands for it.
private enum BroadcastPlaces {
  case same
  case one
  case table([Int])

  /// Extents with 1s put before them.
  static func aligned(_ dims: [Int], _ rank: Int) -> [Int] {
    [Int](repeating: 1, count: rank - dims.count) + dims
  }

  init(_ dims: [Int], to wide: [Int]) {
    let own = Self.aligned(dims, wide.count)
    if own == wide {
      self = .same
    } else if own.allSatisfy({ $0 == 1 }) {
      self = .one
    } else {
      var stride = own.reduce(1, *)
      var places = [0]
      for (extent, wanted) in zip(own, wide) where wanted != 1 {
        stride /= max(1, extent)
        let step = extent == 1 ? 0 : stride
        places = places.flatMap { base in (0..<wanted).lazy.map { base + $0 * step } }
      }
      self = .table(places)
    }
  }

  subscript(place: Int) -> Int {
    switch self {
    case .same: place
    case .one: 0
    case .table(let places): places[place]
    }
  }
}
