public import Tensors

/// Range and inner edges of a group, found by somebody else than ``Observer`` and ``EdgePlacement``.
///
/// Both read the group's values, `[n]`, and run on the caller's thread, group after group.
public struct GroupPlacement: Sendable {
  /// The range; `nil` leaves it to the specification's observer.
  public var range: (@Sendable (Tensor) throws -> ValueRange)?
  /// The inner edges, rising, in units of the values; `nil` leaves them to the specification.
  public var innerEdges: (@Sendable (Tensor) throws -> [Float])?

  /// Makes a placement.
  public init(
    range: (@Sendable (Tensor) throws -> ValueRange)? = nil,
    innerEdges: (@Sendable (Tensor) throws -> [Float])? = nil
  ) {
    self.range = range
    self.innerEdges = innerEdges
  }
}

extension GridSpecification {
  /// Makes the grid of a tensor with ranges or edges of a placement.
  ///
  /// Inner edges keep their place in the range when the observer shrinks it.
  ///
  /// - Throws: ``QuantizationError`` when the specification is not valid, the tensor is empty or not finite, or an edge lies
  ///   outside the values; what the placement throws.
  public func fit(
    to x: Tensor, placement: GroupPlacement, execution: Execution = Execution()
  ) throws -> RegionGrid {
    try validate()
    try GridSpecification.checkValues(x, execution: execution)
    let layout = try GroupLayout(group, x.shape)
    let gathered = GroupValues(x, layout)
    let regions = try (0..<layout.groupCount).map { group in
      try gathered.withGroup(group) { values in
        let tensor = Tensor([values.count], Array(values))
        var own = self
        let full = GridSpecification.extremes(values)
        // Values that are all 0 have no place for edges: any will do.
        if full != ValueRange(0, 0), let edges = try placement.innerEdges?(tensor) {
          own.edges = .fractions(fractions(edges, full))
          try own.validate()
        }
        let range = try placement.range?(tensor) ?? own.range(of: values, extremes: full, execution)
        guard range.low.isFinite, range.high.isFinite, range.low <= range.high else {
          throw QuantizationError.observer(
            "the range of group \(group) is \(range.low) ... \(range.high); it must be finite, low first")
        }
        return try GroupRegions(own, range)
      }
    }
    return RegionGrid(self, regions: regions)
  }

  /// Edges as fractions of the range that has 0 in it.
  private func fractions(_ edges: [Float], _ full: ValueRange) -> [Float] {
    let range = full.includingZero(isSymmetric: isSymmetric)
    return edges.map { ($0 - range.low) / (range.high - range.low) }
  }
}

/// A rule for what passes back through a quantizer, in place of the straight-through estimator.
public protocol GradientRule: Sendable {
  /// Returns the gradient of `x`, given that of `y`, which the quantizer made of it.
  func gradient(_ gradient: Tensor, at x: Tensor, output y: Tensor) throws -> Tensor
}
