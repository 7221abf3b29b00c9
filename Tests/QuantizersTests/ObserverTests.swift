import Quantizers
import Tensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ObserverTests {
  let x = Samples.normal([3001], seed: 5)

  @Test(arguments: [Float(1), 2, 2.4])
  func theSearchFindsTheRangeThatBruteForceFinds(_ power: Float) throws {
    let (low, high) = (x.values.min() ?? 0, x.values.max() ?? 0)
    for edges in [EdgePlacement.equal, .fractions([0.4, 0.5, 0.6])] {
      var spec = GridSpecification(bits: 2, intervals: 4, edges: edges)
      var best: (grid: RegionGrid, error: Double)?
      for i in 0..<80 {
        let factor = Float(1 - Double(i) * 0.01)
        let grid = try RegionGrid(spec, ranges: [ValueRange(low * factor, high * factor)])
        let y = try grid.fakeQuantized(x)
        let error = (0..<x.count).reduce(0.0) { $0 + pow(Double(abs(x[$1] - y[$1])), Double(power)) }
        if error < best?.error ?? .infinity { best = (grid, error) }
      }
      spec.observer = power == 2 ? .meanSquaredError() : .lpSearch(power: power)
      #expect(try spec.fit(to: x).scales == best?.grid.scales)
    }
  }

  @Test func percentileCutsOffBothEnds() throws {
    let values = Tensor([1001], (0...1000).map { Float($0) - 500 }.shuffled())
    let grid = try GridSpecification(bits: 8, observer: .percentile(share: 0.9)).fit(to: values)
    #expect(grid.scales == [900.0 / 255])
    #expect(
      try GridSpecification(bits: 8, observer: .percentile(share: 1)).fit(to: values).scales == [1000.0 / 255]
    )
  }

  @Test func publishedSearchShrinksTheRangeAsTheAuthorsDoes() throws {
    // Values it leaves in FP32 count as exact, so it always takes the smallest range.
    let spec = GridSpecification(bits: 4, intervals: 4, mode: .published, observer: .lpSearch())
    let grid = try spec.fit(to: x)
    #expect(abs((grid.edges.last ?? 0) / (x.values.max() ?? 1) - 0.21) < 1e-5)
    #expect(try grid.storage(of: x).unquantizedShare > 0.3)
  }

  @Test func constantTensorsHaveGrids() throws {
    for value in [Float(0), 3, -2] {
      let x = Tensor([5], repeating: value)
      for observer in [Observer.minMax, .lpSearch(), .percentile(share: 0.99)] {
        let y = try GridSpecification(bits: 4, observer: observer).fit(to: x).fakeQuantized(x)
        #expect(y.values.allSatisfy { abs($0 - value) <= 1e-6 })
      }
    }
  }
}
