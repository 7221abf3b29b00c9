public import Tensors

/// The codes of a tensor on a grid.
public struct GridCodes: Sendable {
  /// The tensor's shape.
  public let shape: Shape
  /// One code per value, the interval's index included unless ``blockIntervals`` has it.
  public let codes: [UInt8]
  /// The interval of each block, in memory order; empty for grids whose values choose.
  public let blockIntervals: [UInt8]

  /// Makes codes of a shape's values.
  public init(shape: Shape, codes: [UInt8], blockIntervals: [UInt8]) {
    self.shape = shape
    self.codes = codes
    self.blockIntervals = blockIntervals
  }
}

/// Levels onto which a tensor's values are put: a ``RegionGrid`` or a ``Codebook``.
public protocol QuantizationGrid: Sendable {
  /// The number of groups.
  var groupCount: Int { get }

  /// Which values share a row of levels.
  var group: GroupMap { get }

  /// Whether parts of a batch may be quantized apart, at the same time: a value's level depends on the value and its group
  /// alone, and any thread may ask for it. Not so for drawn rounding and for grids in Lua.
  var quantizesPartsApart: Bool { get }

  /// The lowest and the highest level of a group.
  func bounds(group: Int) -> ValueRange

  /// Returns the grid with the levels of each group multiplied by the group's factor, > 0.
  func scaled(by factors: [Float]) -> Self

  /// Returns, for each value, the two levels between which rounding chooses.
  func neighbours(of x: Tensor) throws -> LevelNeighbours

  /// The distinct values of a group, ascending.
  func levels(group: Int) -> [Float]

  /// Returns each value's nearest level.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid.
  func fakeQuantized(_ x: Tensor, execution: Execution) throws -> Tensor

  /// Returns the code of each value.
  func quantize(_ x: Tensor, execution: Execution) throws -> GridCodes

  /// Returns the values of codes.
  func dequantize(_ codes: GridCodes) throws -> Tensor

  /// Returns the straight-through gradient: that of the result where `x` is within the levels, else 0.
  func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) throws -> Tensor

  /// Returns the gradients of values and range factors, this grid being the one that made `y` of `x`.
  func rangeAdjoint(_ gradient: Tensor, at x: Tensor, output y: Tensor, execution: Execution) throws
    -> RangeGradient

  /// Returns the levels that each value of a tensor of a shape may take.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid, or values need not be on levels.
  func roundingLevels(of shape: Shape) throws -> RoundingLevels

  /// Counts the bits of a tensor on the grid.
  func storage(of x: Tensor, execution: Execution) throws -> StorageReport
}

/// The affine form of a uniform group: value = `(code - zeroPoint) * scale`, codes `0 ..< levelCount`.
public struct UniformForm: Hashable, Sendable {
  /// The step.
  public let scale: Float
  /// The code of 0.
  public let zeroPoint: Int32
  /// The number of codes, 2...256.
  public let levelCount: Int

  /// Makes a form.
  public init(scale: Float, zeroPoint: Int32, levelCount: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.levelCount = levelCount
  }
}

extension QuantizationGrid {
  /// `true`, as for every grid whose levels are fixed.
  public var quantizesPartsApart: Bool { true }

  /// The values of a tensor that share a row of levels, in memory order.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid.
  public func values(of x: Tensor, group: Int) throws -> [Float] {
    let layout = try GroupLayout(self.group, x.shape)
    precondition(layout.groupCount == groupCount, "\(groupCount) groups for \(x.shape)")
    return GroupValues(x, layout).withGroup(group) { Array($0) }
  }
}
