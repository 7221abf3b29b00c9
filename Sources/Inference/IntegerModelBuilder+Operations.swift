public import Tensors

extension IntegerModelBuilder {
  /// Adds the sum of two nodes.
  ///
  /// - Throws: ``InferenceError/multiplier(node:value:)`` when the scales are too far apart.
  public mutating func add(
    sumOf a: Int, _ b: Int, name: String, grid: IntegerGrid, range: RealRange = everything
  ) throws(InferenceError) -> Int {
    let grids = (nodes[a].grid, nodes[b].grid)
    guard let addition = IntegerAddition(grids.0, grids.1, onto: grid, range: grid.codes(of: range)) else {
      throw .multiplier(node: name, value: max(grids.0.scale, grids.1.scale) / grid.scale)
    }
    return append(name, .add(addition), [a, b], nodes[a].shape, grid)
  }

  /// Adds the product of two nodes; the second may have one value per channel.
  ///
  /// - Throws: ``InferenceError/multiplier(node:value:)`` when the scales are too far apart.
  public mutating func add(
    productOf a: Int, _ b: Int, name: String, grid: IntegerGrid, range: RealRange = everything
  ) throws(InferenceError) -> Int {
    let ratio = nodes[a].grid.scale * nodes[b].grid.scale / grid.scale
    // Products are below 2^16.
    let headroom = Self.headroom(bound: 0x1p16, ratio: ratio)
    guard let scale = FixedPointMultiplier(ratio / Double(1 << headroom)) else {
      throw .multiplier(node: name, value: ratio)
    }
    return append(
      name, .multiply(scale, grid.codes(of: range), headroom: headroom), [a, b], nodes[a].shape, grid)
  }

  /// Adds means over windows.
  ///
  /// - Parameter countsPadding: Whether padding counts as zeros; otherwise means are over the positions inside.
  /// - Throws: ``InferenceError/multiplier(node:value:)`` when the scales are too far apart.
  public mutating func add(
    meanOver window: WindowGeometry, of input: Int, name: String, shape: Shape, grid: IntegerGrid,
    countsPadding: Bool = true
  ) throws(InferenceError) -> Int {
    let largest = max(1, window.kernel.reduce(1, *))
    let ratio = nodes[input].grid.scale / grid.scale
    let headroom = Self.headroom(bound: 255 * Double(largest), ratio: ratio)
    var scales: [FixedPointMultiplier] = []
    for count in 1...largest {
      let ratio = ratio / Double(count << headroom)
      guard let scale = FixedPointMultiplier(ratio) else { throw .multiplier(node: name, value: ratio) }
      scales.append(scale)
    }
    return append(
      name, .averagePool(window, .rescaled(scales, countsPadding: countsPadding, headroom: headroom)),
      [input], shape, grid)
  }

  /// Adds the largest values of windows, on the input's grid.
  public mutating func add(
    maximumOver window: WindowGeometry, of input: Int, name: String, shape: Shape
  ) -> Int {
    append(name, .maxPool(window), [input], shape, nodes[input].grid)
  }

  /// Adds a function of each value, as a table; the identity brings values onto another grid.
  public mutating func add(
    function: (Double) -> Double, of input: Int, name: String, grid: IntegerGrid
  ) -> Int {
    append(name, .table(grid.table(from: nodes[input].grid, function)), [input], nodes[input].shape, grid)
  }

  /// Adds the channels of several nodes one after another.
  public mutating func add(
    channelsOf inputs: [Int], name: String, shape: Shape, grid: IntegerGrid
  ) -> Int {
    append(name, .concatenate(inputs.map { grid.table(from: nodes[$0].grid) }), inputs, shape, grid)
  }

  /// Adds the input's channels in another order, or a part of them.
  public mutating func add(channels order: [Int], of input: Int, name: String) -> Int {
    let shape = Shape(nodes[input].shape.dimensions.dropLast() + [order.count])
    return append(name, .permuteChannels(order), [input], shape, nodes[input].grid)
  }

  /// Adds the same values under another shape.
  public mutating func add(reshaped input: Int, name: String, to shape: Shape) -> Int {
    append(name, .reshape, [input], shape, nodes[input].grid)
  }

  /// Adds zeros around the image and its channels: the input begins at `offset`, `[row, column, channel]`.
  public mutating func add(
    padded input: Int, name: String, offset: [Int], to shape: Shape
  ) -> Int {
    let grid = nodes[input].grid
    return append(
      name, .pad(top: offset[0], left: offset[1], front: offset[2], code: grid.code(of: 0)), [input], shape,
      grid)
  }

  /// The bits that sums of at most `bound` can be shifted left before they are multiplied by `ratio`: what 32 bits leave,
  /// at most 12, for then what is lost is below 2^-12 of a step of the sums.
  static func headroom(bound: Double, ratio: Double) -> Int {
    var bits = 0
    // A ratio above 1 shifts left by what headroom has not shifted already.
    while bits < 12 && bound * max(Double(2 << bits), 2 * ratio) < 0x1p30 { bits += 1 }
    return bits
  }
}
