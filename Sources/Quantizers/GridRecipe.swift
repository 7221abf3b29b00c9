public import Tensors

/// How the grid of a tensor is found: a ``GridSpecification`` or a ``CodebookSpecification``.
public protocol GridRecipe: Sendable {
  /// Bits of a code; inside an interval where there are several.
  var bits: Int { get }

  /// Which values share a row of the grid.
  var group: GroupMap { get }

  /// Checks every field.
  ///
  /// - Throws: ``QuantizationError`` with the figure and what to change.
  func validate() throws(QuantizationError)

  /// Makes the grid of a tensor.
  ///
  /// - Throws: ``QuantizationError`` when the recipe is not valid, or the tensor is empty or not finite.
  func grid(for x: Tensor, execution: Execution) throws -> any QuantizationGrid
}

extension GridSpecification: GridRecipe {
  /// Makes the region grid of a tensor.
  public func grid(for x: Tensor, execution: Execution) throws -> any QuantizationGrid {
    try fit(to: x, execution: execution)
  }
}

/// What a codebook should look like.
public struct CodebookSpecification: GridRecipe, Hashable {
  /// How its levels follow from values.
  public var kind: CodebookKind
  /// `2^bits` levels per group at most, 1...8.
  public var bits: Int
  /// Which values share levels.
  public var group: GroupMap

  /// Makes a specification.
  public init(_ kind: CodebookKind, bits: Int, group: GroupMap = .tensor) {
    self.kind = kind
    self.bits = bits
    self.group = group
  }

  /// Checks bits and block size.
  public func validate() throws(QuantizationError) {
    guard (1...8).contains(bits) else { throw .bits(bits) }
    if case .block(let size) = group, size < 1 { throw .blockSize(size) }
  }

  /// Makes the codebook of a tensor.
  public func grid(for x: Tensor, execution: Execution) throws -> any QuantizationGrid {
    try Codebook.fit(kind, bits: bits, group: group, to: x)
  }
}
