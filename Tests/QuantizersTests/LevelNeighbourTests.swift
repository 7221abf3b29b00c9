import Quantizers
import Tensors
import Testing

/// Grids of every kind, for laws that hold on all of them.
struct GridCase: Sendable, CustomStringConvertible {
  let description: String
  let make: @Sendable (Tensor) throws -> any QuantizationGrid

  static func region(_ name: String, _ specification: GridSpecification) -> GridCase {
    GridCase(description: name) { try specification.fit(to: $0) }
  }

  static let clamped: [GridCase] = [
    region("uniform", GridSpecification(bits: 3)),
    region(
      "uniform, symmetric, channel", GridSpecification(bits: 4, group: .channel(axis: 0), isSymmetric: true)),
    region("AuGQ", GridSpecification(bits: 2, intervals: 4, observer: .lpSearch())),
    region("AuGQ, blocks of 7", GridSpecification(bits: 2, intervals: 4, group: .block(size: 7))),
    region("unequal edges", GridSpecification(bits: 2, intervals: 3, edges: .fractions([0.3, 0.6]))),
    region("geometric edges", GridSpecification(bits: 3, intervals: 4, edges: .geometric(ratio: 3))),
    region(
      "interval per block",
      GridSpecification(
        bits: 3, intervals: 4, group: .channel(axis: 0), edges: .geometric(ratio: 1.6),
        choice: .perBlock(size: 8))),
    GridCase(description: "k-means") {
      try Codebook.fit(.kMeans(), bits: 3, group: .channel(axis: 0), to: $0)
    },
    GridCase(description: "power of two") { try Codebook.fit(.powerOfTwo, bits: 4, to: $0) },
  ]
  static let published = region(
    "published", GridSpecification(bits: 2, intervals: 4, mode: .published, observer: .lpSearch()))
}

@Suite struct LevelNeighbourTests {
  let x = Samples.normal([6, 3, 3, 5], seed: 7)

  @Test(arguments: GridCase.clamped)
  func nearestLevelIsOneOfTheNeighbours(of grid: GridCase) throws {
    let grid = try grid.make(x)

    let (around, nearest) = (try grid.neighbours(of: x), try grid.fakeQuantized(x, execution: Execution()))

    let again = try grid.fakeQuantized(nearest, execution: Execution())
    // Rounded zero points put some levels of unequal intervals beyond their interval: no weight can stay there.
    for i in 0..<x.count where again[i] == nearest[i] {
      let (low, high) = (around.lower[i], around.upper[i])
      #expect(low <= high)
      let isBeyond = low == high
      #expect(isBeyond || (low <= x[i] && x[i] <= high * (1 + 1e-6) + 1e-6))
      // Near an edge the nearest level may be the other interval's.
      let error = min(abs(x[i] - low), abs(x[i] - high))
      #expect(error <= abs(x[i] - nearest[i]) * 1.0001 + 1e-6)
    }
  }

  @Test(arguments: GridCase.clamped + [GridCase.published])
  func neighboursStayWhereTheyAreWhenQuantizedAgain(on grid: GridCase) throws {
    let grid = try grid.make(x)
    let around = try grid.neighbours(of: x)

    for side in [around.lower, around.upper] {
      let again = try grid.fakeQuantized(side, execution: Execution())
      for i in 0..<side.count { #expect(abs(again[i] - side[i]) <= 1e-6 * abs(side[i])) }
    }
  }

  @Test func publishedModeLeavesNoChoiceToValuesItKeeps() throws {
    let grid = try GridCase.published.make(x)

    let (around, y) = (try grid.neighbours(of: x), try grid.fakeQuantized(x, execution: Execution()))

    let kept = (0..<x.count).filter { y[$0] == x[$0] }
    #expect(kept.count > x.count / 10)
    for i in kept { #expect(around.lower[i] == x[i] && around.upper[i] == x[i]) }
  }

  @Test(arguments: GridCase.clamped)
  func scalingAGridScalesItsLevels(_ grid: GridCase) throws {
    let grid = try grid.make(x)
    let factors = (0..<grid.groupCount).map { 0.5 + Float($0 % 3) / 4 }

    let scaled = grid.scaled(by: factors)

    for group in 0..<grid.groupCount {
      for (level, other) in zip(grid.levels(group: group), scaled.levels(group: group)) {
        #expect(abs(level * factors[group] - other) <= 1e-6 * abs(other))
      }
    }
  }

  @Test(arguments: GridCase.clamped)
  func rangeGradientFollowsItsDefinition(on grid: GridCase) throws {
    let grid = try grid.make(x)
    let wide = Tensor.elementwise(x, scale: 1.3, shift: 0)
    let y = try grid.fakeQuantized(wide, execution: Execution())
    let g = Samples.normal(x.shape, seed: 9)

    let result = try grid.rangeAdjoint(g, at: wide, output: y, execution: Execution())

    var total = 0.0
    let limits = (0..<grid.groupCount).map { grid.bounds(group: $0) }
    let low = limits.map(\.low).min() ?? 0
    let high = limits.map(\.high).max() ?? 0
    for i in 0..<x.count {
      // Beyond every group's levels, so beyond the value's own.
      if wide[i] < low || wide[i] > high { #expect(result.input[i] == 0) }
      #expect(result.input[i] == 0 || result.input[i] == g[i])
      total += Double(g[i]) * Double(result.input[i] == 0 ? y[i] : y[i] - wide[i])
    }
    #expect(abs(result.logFactors.reduce(0, +) - total) < 1e-4 * max(1, abs(total)))
  }
}
