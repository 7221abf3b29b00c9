/// Operators on constants: what exporters write to compute a shape, a padding or a transposed weight.
enum ONNXFolding {
  /// Computes a node all of whose inputs are constants.
  ///
  /// - Returns: `nil` when the operator is not one of those.
  typealias Fold = @Sendable (ONNXNode, [ONNXConstant?]) throws(ONNXProblem) -> [ONNXConstant]?

  /// The most values a computed constant may have, unless those it is made of have as many.
  private static let largestCount = 1 << 12

  /// The operators, by name.
  static let operators: [String: Fold] = [
    "Identity": { node, inputs throws(ONNXProblem) in [try input(inputs, 0)] },
    "Cast": { node, inputs throws(ONNXProblem) in [try cast(node, try input(inputs, 0))] },
    "Shape": { node, inputs throws(ONNXProblem) in [try extents(node, try input(inputs, 0))] },
    "Gather": { node, inputs throws(ONNXProblem) in
      [try gather(try input(inputs, 0), try input(inputs, 1), axis: node.integer("axis", default: 0))]
    },
    "Unsqueeze": { node, inputs throws(ONNXProblem) in [try unsqueeze(node, inputs)] },
    "Squeeze": { node, inputs throws(ONNXProblem) in [try squeeze(node, inputs)] },
    "Concat": { node, inputs throws(ONNXProblem) in [try concat(node, inputs)] },
    "Slice": { node, inputs throws(ONNXProblem) in [try slice(node, inputs)] },
    "Reshape": { node, inputs throws(ONNXProblem) in [try reshape(node, inputs)] },
    "Transpose": { node, inputs throws(ONNXProblem) in [try transpose(node, try input(inputs, 0))] },
    "ConstantOfShape": { node, inputs throws(ONNXProblem) in [try filled(node, try input(inputs, 0))] },
    "Add": { _, inputs throws(ONNXProblem) in [try ONNXArithmetic.add.combined(inputs)] },
    "Sub": { _, inputs throws(ONNXProblem) in [try ONNXArithmetic.subtract.combined(inputs)] },
    "Mul": { _, inputs throws(ONNXProblem) in [try ONNXArithmetic.multiply.combined(inputs)] },
    "Div": { _, inputs throws(ONNXProblem) in [try ONNXArithmetic.divide.combined(inputs)] },
  ]

  static func input(_ inputs: [ONNXConstant?], _ index: Int) throws(ONNXProblem) -> ONNXConstant {
    guard inputs.indices.contains(index), let value = inputs[index] else {
      throw .malformed("input \(index) is not given")
    }
    return value
  }

  /// The known integers of a constant.
  static func known(_ constant: ONNXConstant, _ what: String) throws(ONNXProblem) -> [Int] {
    let values = (constant.integers ?? []).compactMap { $0 }
    guard constant.integers != nil, values.count == constant.count else {
      throw .malformed("the \(what) must be integers that do not depend on the number of images")
    }
    return values
  }

  /// The number of an axis from 0 for one that may be counted from the end.
  static func axis(_ axis: Int, rank: Int) throws(ONNXProblem) -> Int {
    guard axis >= -rank, axis < rank else {
      throw .malformed("axis \(axis) does not exist in a tensor of \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// Axes given as an attribute (opset 12 and before) or as an input; `nil` when neither is there.
  static func axes(
    _ node: ONNXNode, _ inputs: [ONNXConstant?], at place: Int, rank: Int
  ) throws(ONNXProblem) -> [Int]? {
    var given = try node.integers("axes")
    if given == nil, inputs.indices.contains(place), let input = inputs[place] {
      given = try known(input, "axes")
    }
    guard let given else { return nil }
    var result: [Int] = []
    for one in given { result.append(try axis(one, rank: rank)) }
    guard Set(result).count == result.count else { throw .malformed("axes \(given) name one axis twice") }
    return result.sorted()
  }

  private static func cast(_ node: ONNXNode, _ x: ONNXConstant) throws(ONNXProblem) -> ONNXConstant {
    let code = try node.integer("to", default: 0)
    guard let type = Int32(exactly: code).flatMap(ONNXConstant.ElementType.init) else {
      throw .malformed("a cast to element type \(code) is not done")
    }
    switch x.content {
    case .integers where type.isFloating:
      guard let floats = x.floats else { throw .malformed("the number of images is cast to a real number") }
      return ONNXConstant(x.dims, .floats(floats))
    case .floats(let values) where !type.isFloating:
      let integers = values.map { Int(exactly: $0.rounded(.towardZero)) }
      guard !integers.contains(nil) else {
        throw .malformed("a real number beyond 2^63 is cast to an integer")
      }
      return ONNXConstant(x.dims, .integers(integers))
    default: return x
    }
  }

  private static func extents(_ node: ONNXNode, _ x: ONNXConstant) throws(ONNXProblem) -> ONNXConstant {
    let range = try shapeRange(node, rank: x.dims.count)
    return ONNXConstant(Array(x.dims[range]))
  }

  /// The axes whose extents a Shape node gives: all, or from `start` to `end` (opset 15 and later).
  static func shapeRange(_ node: ONNXNode, rank: Int) throws(ONNXProblem) -> Range<Int> {
    func place(_ name: String, default value: Int) throws(ONNXProblem) -> Int {
      let given = try node.integer(name, default: value)
      return min(max(given < 0 ? given + rank : given, 0), rank)
    }
    let start = try place("start", default: 0)
    let end = try place("end", default: rank)
    return start..<max(start, end)
  }

  private static func gather(
    _ x: ONNXConstant, _ indices: ONNXConstant, axis given: Int
  ) throws(ONNXProblem) -> ONNXConstant {
    let axis = try axis(given, rank: x.dims.count)
    let wanted = try known(indices, "indices")
    let extent = x.dims[axis]
    var places: [Int] = []
    for index in wanted {
      guard index >= -extent, index < extent else {
        throw .malformed("index \(index) is outside an axis of extent \(extent)")
      }
      places.append(index < 0 ? index + extent : index)
    }
    let dims = Array(x.dims[..<axis] + indices.dims + x.dims[(axis + 1)...])
    try checkCount(dims)
    return x.picking(places, along: axis, dims: dims)
  }

  /// Refuses computed constants that are larger than shapes need and than the largest of those they are made of.
  static func checkCount(_ dims: [Int], given: Int = 0) throws(ONNXProblem) {
    let limit = max(largestCount, given)
    guard let count = ONNXConstant.volume(dims), count <= limit else {
      throw .malformed(
        "a computed constant of extents \(dims) has more than \(limit) values. Export the model with its constants folded."
      )
    }
  }

  private static func unsqueeze(_ node: ONNXNode, _ inputs: [ONNXConstant?]) throws(ONNXProblem)
    -> ONNXConstant
  {
    let x = try input(inputs, 0)
    let added = try node.integers("axes")?.count ?? inputs.dropFirst().first??.count ?? 0
    guard added > 0, x.dims.count + added <= ONNXConstant.largestRank,
      let places = try axes(node, inputs, at: 1, rank: x.dims.count + added)
    else { throw .malformed("Unsqueeze needs axes") }
    var dims = x.dims
    for place in places { dims.insert(1, at: place) }
    return x.reshaped(dims)
  }

  private static func squeeze(_ node: ONNXNode, _ inputs: [ONNXConstant?]) throws(ONNXProblem) -> ONNXConstant
  {
    let x = try input(inputs, 0)
    let given = try axes(node, inputs, at: 1, rank: x.dims.count)
    let places = given ?? x.dims.indices.filter { x.dims[$0] == 1 }
    guard places.allSatisfy({ x.dims[$0] == 1 }) else {
      throw .malformed("axes \(places) of extents \(x.dims) are not all 1")
    }
    return x.reshaped(x.dims.indices.filter { !places.contains($0) }.map { x.dims[$0] })
  }

  private static func concat(_ node: ONNXNode, _ inputs: [ONNXConstant?]) throws(ONNXProblem) -> ONNXConstant
  {
    let parts = inputs.compactMap { $0 }
    var values: [Int?] = []
    for part in parts {
      guard part.dims.count == 1, let integers = part.integers else {
        throw .malformed("constants are only concatenated when they are lists of integers")
      }
      values += integers
      try checkCount([values.count])
    }
    return ONNXConstant(values)
  }

  private static func slice(_ node: ONNXNode, _ inputs: [ONNXConstant?]) throws(ONNXProblem) -> ONNXConstant {
    var x = try input(inputs, 0)
    for range in try ONNXSliceRange.all(node, inputs, extents: x.dims) {
      let places = Array(stride(from: range.start, to: range.end, by: range.step))
      var dims = x.dims
      dims[range.axis] = places.count
      x = x.picking(places, along: range.axis, dims: dims)
    }
    return x
  }

  private static func reshape(_ node: ONNXNode, _ inputs: [ONNXConstant?]) throws(ONNXProblem) -> ONNXConstant
  {
    let x = try input(inputs, 0)
    var dims = try known(try input(inputs, 1), "new extents")
    guard dims.count <= ONNXConstant.largestRank, dims.allSatisfy({ $0 >= -1 }),
      dims.count(where: { $0 == -1 }) <= 1
    else { throw .malformed("new extents \(dims) are negative, too many, or -1 twice") }
    if try node.integer("allowzero", default: 0) == 0 {
      for place in dims.indices where dims[place] == 0 && place < x.dims.count { dims[place] = x.dims[place] }
    }
    if let open = dims.firstIndex(of: -1) {
      let rest = ONNXConstant.volume(dims.filter { $0 != -1 }) ?? 0
      dims[open] = rest > 0 && x.count.isMultiple(of: rest) ? x.count / rest : 0
    }
    guard ONNXConstant.volume(dims) == x.count else {
      throw .malformed("extents \(x.dims) do not fit the new extents \(dims)")
    }
    return x.reshaped(dims)
  }

  private static func transpose(_ node: ONNXNode, _ x: ONNXConstant) throws(ONNXProblem) -> ONNXConstant {
    let order = try node.integers("perm") ?? Array(x.dims.indices.reversed())
    guard order.sorted() == Array(x.dims.indices) else {
      throw .malformed("the order \(order) is none of \(x.dims.count) axes")
    }
    return x.transposed(order)
  }

  private static func filled(_ node: ONNXNode, _ shape: ONNXConstant) throws(ONNXProblem) -> ONNXConstant {
    let dims = try known(shape, "extents")
    try checkCount(dims)
    let count = dims.reduce(1, *)
    let value = try node.tensor("value") ?? ONNXConstant([1], .floats([0]))
    guard value.count == 1 else {
      throw .malformed("ConstantOfShape needs one value, but has \(value.count)")
    }
    return value.picking([Int](repeating: 0, count: count), dims: dims)
  }
}

/// One axis of a Slice: positions `start`, `start + step`, … before (or, for a negative step, after) `end`.
struct ONNXSliceRange: Equatable {
  let axis: Int
  let start: Int
  let end: Int
  let step: Int

  /// The ranges of a Slice node of opset 10 and later, which has them as inputs, on a tensor of some extents.
  ///
  /// - Throws: ``ONNXProblem`` when lists differ in length or a step is 0.
  static func all(
    _ node: ONNXNode, _ inputs: [ONNXConstant?], extents: [Int]
  ) throws(ONNXProblem) -> [ONNXSliceRange] {
    let starts = try ONNXFolding.known(try ONNXFolding.input(inputs, 1), "starts")
    let ends = try ONNXFolding.known(try ONNXFolding.input(inputs, 2), "ends")
    func given(_ place: Int) throws(ONNXProblem) -> [Int]? {
      guard inputs.indices.contains(place), let input = inputs[place] else { return nil }
      return try ONNXFolding.known(input, "axes and steps")
    }
    let axes = try given(3) ?? Array(0..<starts.count)
    let steps = try given(4) ?? [Int](repeating: 1, count: starts.count)
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw .malformed("starts \(starts), ends \(ends), axes \(axes) and steps \(steps) differ in length")
    }
    var result: [ONNXSliceRange] = []
    for index in starts.indices {
      let axis = try ONNXFolding.axis(axes[index], rank: extents.count)
      guard !result.contains(where: { $0.axis == axis }) else {
        throw .malformed("axis \(axis) is sliced twice")
      }
      let (extent, step) = (extents[axis], steps[index])
      guard step != 0, step > Int.min else { throw .malformed("a step of \(step)") }
      let low = step > 0 ? 0 : -1
      let high = step > 0 ? extent : extent - 1
      func clamped(_ position: Int) -> Int {
        min(max(position < 0 ? position + extent : position, low), high)
      }
      result.append(
        ONNXSliceRange(
          axis: axis, start: min(max(clamped(starts[index]), 0), high), end: clamped(ends[index]),
          step: min(max(step, -extent - 1), extent + 1)))
    }
    return result
  }
}
