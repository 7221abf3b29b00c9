import CKernels
public import Tensors

/// Affine regions: groups by position, intervals by value (AuGQ), levels `(q - zeroPoint) * scale` in each.
///
///     k  = the interval with edges[g, k] <= x < edges[g, k + 1]; values outside use the nearest one
///     q  = clamp(round(x / scales[g, k]) + zeroPoints[g, k], 0, 2^bits - 1)
///     x^ = (q - zeroPoints[g, k]) * scales[g, k]
///
/// In clamp mode with equal edges this is the uniform grid of `n = K (2^b - 1)` steps with one zero point
/// (``uniformForm(group:)``); its codes are `0 ... n`.
public struct RegionGrid: QuantizationGrid, Hashable {
  /// What the grid was made from.
  public let specification: GridSpecification
  /// The number of groups.
  public let groupCount: Int
  /// `K + 1` ascending edges per group.
  public let edges: [Float]
  /// `K` steps per group.
  public let scales: [Float]
  /// `K` whole numbers per group.
  public let zeroPoints: [Float]
  /// Steps of a uniform group: codes `0 ... steps`.
  public let steps: Int

  /// Makes the grid of one range per group.
  ///
  /// - Throws: ``QuantizationError`` when the specification is not valid or a range is not finite.
  public init(_ specification: GridSpecification, ranges: [ValueRange]) throws(QuantizationError) {
    try specification.validate()
    guard !ranges.isEmpty else { throw .emptyCalibration("a grid") }
    for (index, range) in ranges.enumerated() where !(range.low.isFinite && range.high.isFinite) {
      throw .notFinite(count: 1, first: index, total: ranges.count)
    }
    let regions = try ranges.map { range throws(QuantizationError) in
      try GroupRegions(specification, range)
    }
    self.init(specification, regions: regions)
  }

  init(_ specification: GridSpecification, regions: [GroupRegions]) {
    self.specification = specification
    groupCount = regions.count
    edges = regions.flatMap(\.edges)
    scales = regions.flatMap(\.scales)
    zeroPoints = regions.flatMap(\.zeroPoints)
    steps = specification.uniformSteps
  }

  /// Makes a uniform grid of one group with a given scale and zero point: levels `(code - zeroPoint) * scale`,
  /// codes `0 ..< levelCount`.
  ///
  /// - Throws: ``QuantizationError/levelCount(_:)``.
  public init(uniform form: UniformForm) throws(QuantizationError) {
    try self.init(uniforms: [form], group: .tensor)
  }

  /// Makes a uniform grid with the given form of each group; all have the level count of the first.
  ///
  /// - Throws: ``QuantizationError/levelCount(_:)``.
  public init(uniforms forms: [UniformForm], group: GroupMap) throws(QuantizationError) {
    guard let first = forms.first else { throw .emptyCalibration("a grid") }
    guard let bits = (1...8).first(where: { 1 << $0 >= first.levelCount }), first.levelCount >= 2 else {
      throw .levelCount(first.levelCount)
    }
    specification = GridSpecification(bits: bits, group: group)
    groupCount = forms.count
    steps = first.levelCount - 1
    let last = Float(steps)
    edges = forms.flatMap { [-Float($0.zeroPoint) * $0.scale, (last - Float($0.zeroPoint)) * $0.scale] }
    scales = forms.map(\.scale)
    zeroPoints = forms.map { Float($0.zeroPoint) }
  }

  /// Returns the grid with edges and steps of each group multiplied by the group's factor.
  public func scaled(by factors: [Float]) -> RegionGrid {
    precondition(factors.count == groupCount, "\(factors.count) factors for \(groupCount) groups")
    return RegionGrid(scaling: self, by: factors)
  }

  private init(scaling grid: RegionGrid, by factors: [Float]) {
    specification = grid.specification
    groupCount = grid.groupCount
    let edgesPerGroup = grid.edges.count / max(1, grid.groupCount)
    edges = grid.edges.enumerated().map { $1 * factors[$0 / edgesPerGroup] }
    scales = grid.scales.enumerated().map { $1 * factors[$0 / (grid.scales.count / max(1, grid.groupCount))] }
    zeroPoints = grid.zeroPoints
    steps = grid.steps
  }

  /// Which values share a row.
  public var group: GroupMap { specification.group }

  /// Not for drawn rounding, nor for intervals chosen for blocks of neighbours.
  public var quantizesPartsApart: Bool {
    specification.rounding == .nearest && specification.choice == .perValue
  }

  /// The grid of 8-bit pixels in 0...1: scale 1/255, zero point 0, 256 levels.
  public static let pixels = RegionGrid(pixelScale: 1 / 255)

  private init(pixelScale: Float) {
    specification = GridSpecification(bits: 8)
    groupCount = 1
    steps = 255
    edges = [0, 255 * pixelScale]
    scales = [pixelScale]
    zeroPoints = [0]
  }

  /// Whether every group is one uniform grid.
  public var isUniform: Bool { specification.isUniform }

  /// The affine form of a group; `nil` for unequal edges, block-chosen intervals and published mode.
  public func uniformForm(group: Int) -> UniformForm? {
    guard isUniform else { return nil }
    let base = group * specification.intervals
    return UniformForm(scale: scales[base], zeroPoint: Int32(zeroPoints[base]), levelCount: steps + 1)
  }

  /// The distinct values of a group, ascending.
  public func levels(group: Int) -> [Float] {
    let count = specification.intervals
    if let form = uniformForm(group: group) {
      return (0...steps).map { Float(Int32($0) - form.zeroPoint) * form.scale }
    }
    let top = specification.topCode
    let all = (group * count..<(group + 1) * count).flatMap { k in
      (0...top).map { (Float($0) - zeroPoints[k]) * scales[k] }
    }
    return Array(Set(all)).sorted()
  }

  /// Returns one code per value, `0 ... 255`: the uniform code, or `k * 2^b + q`.
  ///
  /// - Throws: ``QuantizationError`` for published grids and block-chosen intervals.
  public func globalCodes(of x: Tensor, execution: Execution = Execution()) throws -> [UInt8] {
    let codes = try quantize(x, execution: execution)
    guard codes.blockIntervals.isEmpty else {
      throw QuantizationError.incompatible(
        "codes of block-chosen intervals need the interval of each block; call quantize instead")
    }
    return codes.codes
  }

  /// The groups of a tensor, checked against the grid's.
  func layout(_ shape: Shape) throws(QuantizationError) -> GroupLayout {
    let layout = try GroupLayout(specification.group, shape, breaksAtRows: specification.blockSize != nil)
    guard layout.groupCount == groupCount else {
      throw .groupMismatch(expected: groupCount, actual: layout.groupCount, shape: shape.description)
    }
    return layout
  }
}

extension GridSpecification {
  /// Whether each group of a grid is one uniform grid.
  public var isUniform: Bool {
    mode == .clamp && (intervals == 1 || (edges == .equal && choice == .perValue))
  }

  /// Values per block of block-chosen intervals.
  var blockSize: Int? {
    if case .perBlock(let size) = choice, intervals > 1 { size } else { nil }
  }

  /// The largest code inside an interval.
  var topCode: Int { (1 << bits) - 1 }

  var uniformSteps: Int { blockSize == nil ? stepCount : topCode }
}
