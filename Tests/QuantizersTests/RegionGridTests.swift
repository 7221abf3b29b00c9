import Quantizers
import Tensors
import Testing

/// Bits and intervals with at most 256 levels.
let allowedGrids: [(bits: Int, intervals: Int)] = (1...8).flatMap { bits in
  (1...16).filter { $0 * ((1 << bits) - 1) < 256 }.map { (bits, $0) }
}

let groups: [GroupMap] = [.tensor, .channel(axis: 0), .channel(axis: 3), .channel(axis: 1), .block(size: 7)]

@Suite struct RegionGridTests {
  let x = Samples.normal([5, 3, 1, 11], scale: 2)

  @Test(arguments: allowedGrids)
  func clampedEqualIntervalsAreOneUniformGrid(_ bits: Int, _ intervals: Int) throws {
    for group in groups {
      let grid = try GridSpecification(bits: bits, intervals: intervals, group: group).fit(to: x)
      let n = Float(intervals * ((1 << bits) - 1))
      let y = try grid.fakeQuantized(x)
      let codes = try grid.globalCodes(of: x)
      let back = try grid.dequantize(grid.quantize(x))
      #expect(back.values == y.values)
      for i in 0..<x.count {
        let form = try #require(grid.uniformForm(group: groupIndex(group, i)))
        let code = min(n, max(0, (x[i] / form.scale).rounded(.toNearestOrEven) + Float(form.zeroPoint)))
        #expect(y[i] == (code - Float(form.zeroPoint)) * form.scale)
        #expect(Float(codes[i]) == code)
        // Half a step between the levels; the nudge that makes zero a level can leave the extremes half a step outside.
        let isInside = (0...n).contains(x[i] / form.scale + Float(form.zeroPoint))
        #expect(abs(y[i] - x[i]) <= form.scale * (isInside ? 0.5001 : 1.0001))
      }
      #expect(try grid.fakeQuantized(y).values == y.values)
      #expect(try grid.fakeQuantized(Tensor(zeros: x.shape)).values.allSatisfy { $0 == 0 })
      #expect(grid.levels(group: 0).count == Int(n) + 1)
    }
  }

  func groupIndex(_ group: GroupMap, _ i: Int) -> Int {
    switch group {
    case .tensor: 0
    case .channel(let axis): axis == 0 ? i / 33 : axis == 1 ? i / 11 % 3 : i % 11
    case .block(let size): i / 33 * 5 + i % 33 / size
    }
  }

  @Test func theErrorInsideTheRangeIsHalfAStep() throws {
    // A symmetric range needs no nudge, so even the extremes are within half a step.
    let grid = try GridSpecification(bits: 3, intervals: 4, isSymmetric: true).fit(to: x)
    let scale = try #require(grid.uniformForm(group: 0)).scale
    let y = try grid.fakeQuantized(x)
    for i in 0..<x.count { #expect(abs(y[i] - x[i]) <= scale * 0.5001) }
  }

  @Test func unequalIntervalsGiveTheNearestLevelOfTheirInterval() throws {
    let edges: [EdgePlacement] = [.fractions([0.3, 0.45, 0.7]), .geometric(ratio: 2)]
    for edges in edges {
      let grid = try GridSpecification(bits: 4, intervals: 4, edges: edges).fit(to: x)
      let y = try grid.fakeQuantized(x)
      #expect(try grid.dequantize(grid.quantize(x)).values == y.values)
      #expect(grid.uniformForm(group: 0) == nil)
      #expect(try grid.fakeQuantized(Tensor(zeros: [4])).values == [0, 0, 0, 0])
      let widest = grid.scales.max() ?? 0
      for i in 0..<x.count { #expect(abs(y[i] - x[i]) <= widest * 1.01) }
    }
  }

  @Test func blocksPickTheIntervalWithTheLeastError() throws {
    let spec = GridSpecification(
      bits: 3, intervals: 4, group: .channel(axis: 0), edges: .geometric(ratio: 1.6),
      choice: .perBlock(size: 8))
    let grid = try spec.fit(to: x)
    let codes = try grid.quantize(x)
    #expect(codes.blockIntervals.count == 5 * 5)
    let y = try grid.fakeQuantized(x)
    #expect(try grid.dequantize(codes).values == y.values)
    let plain = try GridSpecification(bits: 3, group: .channel(axis: 0)).fit(to: x).fakeQuantized(x)
    func error(_ y: Tensor) -> Float { (0..<x.count).reduce(0) { $0 + (x[$1] - y[$1]) * (x[$1] - y[$1]) } }
    #expect(error(y) < error(plain))
    #expect(throws: QuantizationError.self) { try grid.globalCodes(of: x) }
    #expect(try grid.fakeQuantized(y).values == y.values)
  }

  @Test func blocksAreTheSameForAnyThreads() throws {
    let x = Samples.normal([130, 1003])
    let spec = GridSpecification(
      bits: 2, intervals: 4, group: .channel(axis: 0), edges: .geometric(ratio: 2),
      choice: .perBlock(size: 16))
    let grid = try spec.fit(to: x)
    let one = try grid.quantize(x)
    let two = try grid.quantize(x, execution: Execution(threads: 2))
    #expect(one.codes == two.codes)
    #expect(one.blockIntervals == two.blockIntervals)
    #expect(one.blockIntervals.count == 130 * 63)
    #expect(try grid.fakeQuantized(x.rows(0..<130)).values == grid.dequantize(two).values)
  }

  @Test func publishedModeLeavesEdgesAndOutsideAlone() throws {
    let spec = GridSpecification(bits: 2, intervals: 4, mode: .published)
    let grid = try RegionGrid(spec, ranges: [ValueRange(-2, 2)])
    let x = Tensor([8], [-3, -2, -1, 0, 1, 2, 5, 0.9])
    let (y, unquantized) = try grid.countingUnquantized(x)
    #expect(unquantized == 7)
    #expect(Array(y.values.prefix(7)) == Array(x.values.prefix(7)))
    #expect(y[7] == 1)
    #expect(throws: QuantizationError.publishedHasNoCodes) { try grid.globalCodes(of: x) }
    #expect(try grid.storage(of: x).unquantizedShare == 7.0 / 8)
  }

  @Test func stochasticRoundingIsUnbiasedAndTheSameForAnyThreads() throws {
    let spec = GridSpecification(bits: 4, rounding: .stochastic(seed: 7))
    let grid = try RegionGrid(spec, ranges: [ValueRange(0, 15)])
    let x = Tensor([100_000], repeating: 3.3)
    let one = try grid.fakeQuantized(x)
    let four = try grid.fakeQuantized(x, execution: Execution(threads: 4))
    #expect(one.values == four.values)
    let mean = one.values.reduce(0.0) { $0 + Double($1) } / 100_000
    // Standard deviation of the mean: sqrt(0.3 * 0.7 / 1e5) = 0.00145.
    #expect(abs(mean - 3.3) < 0.006)
  }

  @Test func valuesThatAreNotFiniteAreRefused() throws {
    let x = Tensor(
      [70_000], (0..<70_000).map { $0 == 65_000 ? .nan : $0 == 66_000 ? .infinity : Float($0 % 7) })
    let expected = QuantizationError.notFinite(count: 2, first: 65_000, total: 70_000)
    let published = GridSpecification(bits: 2, intervals: 4, mode: .published)
    let blocks = GridSpecification(bits: 2, intervals: 4, choice: .perBlock(size: 8))
    let stochastic = GridSpecification(bits: 4, rounding: .stochastic(seed: 1))
    for spec in [GridSpecification(bits: 4), published, blocks, stochastic] {
      let grid = try RegionGrid(spec, ranges: [ValueRange(0, 6)])
      #expect(throws: expected) { try grid.fakeQuantized(x) }
      if spec.mode == .clamp { #expect(throws: expected) { try grid.quantize(x) } }
    }
    let book = try Codebook(levels: [[0, 1, 6]])
    #expect(throws: expected) { try book.fakeQuantized(x) }
    #expect(throws: expected) { try book.quantize(x) }
  }

  @Test func threadsDoNotMatter() throws {
    let x = Samples.normal([200_003])
    for (mode, observer) in [
      (QuantizationMode.clamp, Observer.minMax), (.clamp, .lpSearch()), (.published, .lpSearch()),
    ] {
      let spec = GridSpecification(bits: 2, intervals: 4, mode: mode, observer: observer)
      let one = try spec.fit(to: x)
      let three = try spec.fit(to: x, execution: Execution(threads: 3))
      #expect(one == three)
      #expect(
        try one.fakeQuantized(x).values == one.fakeQuantized(x, execution: Execution(threads: 3)).values)
    }
  }

  @Test func theAdjointPassesWithinTheLevels() throws {
    let grid = try RegionGrid(uniform: UniformForm(scale: 0.5, zeroPoint: 2, levelCount: 7))
    let x = Tensor([6], [-1.1, -1, 0, 2, 2.1, 0.3])
    let gradient = Tensor([6], [1, 2, 3, 4, 5, 6])
    let quantizer = FakeQuantizer(grid)
    #expect(try quantizer.adjoint(gradient, at: x, execution: Execution()).values == [0, 2, 3, 4, 0, 6])
  }
}
