public import CKernels
public import Tensors

/// The levels that every value of a tensor may take: all that a rounding method has to know of a grid.
///
/// A level is a fixed point of the grid's ``QuantizationGrid/fakeQuantized(_:execution:)``, so values put on levels stay.
public struct RoundingLevels: Sendable {
  /// Level sets; a group owns ``choices`` of them in a row.
  public let sets: [aq_level_set]
  /// The values of sets that are tables, ascending in each.
  public let levels: [Float]
  /// The sets one of which a block of values shares; 1 when every value of a group has the same levels.
  public let choices: Int
  /// The first set of each value of the tensor.
  public let setOf: [UInt32]
  /// For every value of a row, where in the row the block it belongs to ends; all ends are `column + 1` without blocks.
  public let blockEnds: [Int]

  fileprivate init(
    _ layout: GroupLayout, sets: [aq_level_set], levels: [Float] = [], choices: Int = 1, block: Int? = nil
  ) {
    self.sets = sets
    self.levels = levels
    self.choices = choices
    var setOf = [UInt32](repeating: 0, count: layout.count)
    layout.forEachRun(in: 0..<layout.count) { group, run in
      for index in run { setOf[index] = UInt32(group * choices) }
    }
    self.setOf = setOf
    var ends = (0..<layout.row).map { $0 + 1 }
    if let block {
      layout.forEachRun(in: 0..<min(layout.count, layout.row)) { _, run in
        for start in stride(from: run.lowerBound, to: run.upperBound, by: block) {
          let end = min(start + block, run.upperBound)
          for column in start..<end { ends[column] = end }
        }
      }
    }
    blockEnds = ends
  }
}

extension QuantizationGrid {
  /// Refuses grids that do not say which levels a value may take.
  ///
  /// - Throws: ``QuantizationError/incompatible(_:)``.
  public func roundingLevels(of shape: Shape) throws -> RoundingLevels {
    throw QuantizationError.incompatible(
      "\(type(of: self)) does not list the levels of a value; round with a region grid or a codebook")
  }
}

extension RegionGrid {
  /// Returns the levels of each value of a tensor.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid, when mode published leaves values in
  ///   FP32, or when rounding is stochastic.
  public func roundingLevels(of shape: Shape) throws -> RoundingLevels {
    guard specification.mode == .clamp else {
      throw QuantizationError.incompatible(
        "mode published leaves values in FP32, so there is nothing to round them to; use mode clamp")
    }
    guard specification.rounding == .nearest else {
      throw QuantizationError.incompatible(
        "stochastic rounding would round the result once more; use rounding nearest")
    }
    let layout = try layout(shape)
    if isUniform || specification.blockSize != nil {
      let stride = isUniform ? specification.intervals : 1
      let sets = Swift.stride(from: 0, to: scales.count, by: stride).map {
        aq_level_set(
          scale: scales[$0], zero_point: zeroPoints[$0], steps: Float(steps), first: 0, count: 0)
      }
      let block = isUniform ? nil : specification.blockSize
      return RoundingLevels(
        layout, sets: sets, choices: block == nil ? 1 : specification.intervals, block: block)
    }
    let (sets, levels) = tables((0..<groupCount).map(reachableLevels))
    return RoundingLevels(layout, sets: sets, levels: levels)
  }

  /// The levels of a group with unequal edges that stay where they are: rounded zero points may push an interval's lowest
  /// or highest level over its edge, and the neighbour would round it again.
  func reachableLevels(group: Int) -> [Float] {
    let all = levels(group: group)
    var rounded = all
    _ = withRegions(group) { kernels.fake_regions(all, &rounded, all.count, $0) }
    let kept = zip(all, rounded).filter { $0 == $1 }.map(\.0)
    // Each rounding step leads to a level nearer to its own interval; should none stay, the images are the levels.
    return kept.isEmpty ? Array(Set(rounded)).sorted() : kept
  }
}

extension Codebook {
  /// Returns the levels of each value of a tensor.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook.
  public func roundingLevels(of shape: Shape) throws -> RoundingLevels {
    let (sets, levels) = tables(table)
    return RoundingLevels(try layout(shape), sets: sets, levels: levels)
  }
}

/// Level sets that are tables, one after another.
private func tables(_ groups: [[Float]]) -> (sets: [aq_level_set], levels: [Float]) {
  var first = 0
  let sets = groups.map { levels in
    defer { first += levels.count }
    return aq_level_set(
      scale: 1, zero_point: 0, steps: 0, first: UInt32(first), count: UInt32(levels.count))
  }
  return (sets, groups.flatMap { $0 })
}
