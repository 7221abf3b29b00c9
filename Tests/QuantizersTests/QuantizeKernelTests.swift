import CKernels
import Tensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct QuantizeKernelTests {
  static var variants: [aq_quantize_variant] {
    var all: [aq_quantize_variant] = []
    while let variant = aq_quantize_variants(all.count) { all.append(variant.pointee) }
    return all.filter { aq_isa_supported($0.isa) != 0 }
  }

  let sizes = [0, 1, 15, 16, 17, 63, 64, 65, 1000, 5000]

  /// Ties, edges and special values among normal ones.
  func input(_ count: Int) -> [Float] {
    var random = RandomSource(seed: 3)
    let special: [Float] = [0, -0.0, 0.25, -0.25, 0.5, 1, -1, 100, -100, .infinity, -.infinity, .nan, 1e-30]
    return (0..<count).map { $0 % 3 == 1 ? special[$0 / 3 % special.count] : random.normal() }
  }

  @Test func everyVariantGivesTheScalarBits() throws {
    let scalar = Self.variants[0]
    for variant in Self.variants.dropFirst() {
      for size in sizes {
        let x = input(size)
        #expect(Outputs(variant, x) == Outputs(scalar, x), "\(String(cString: variant.name)), \(size) values")
      }
    }
  }

  @Test(arguments: [Float(1), 2, 2.4, 3.5])
  func searchScoresMatchDoubles(_ power: Float) {
    let x = input(5000).map { $0.isFinite ? $0 : 0 }
    let candidates = (0..<80).map { aq_candidate(scale: 0.1 * (1 - 0.01 * Float($0)), zero_point: 30) }
    var reference = [Double](repeating: 0, count: 80)
    for (index, candidate) in candidates.enumerated() {
      for value in x {
        let t = Double(value) / Double(candidate.scale)
        let q = min(30, max(-30, t.rounded(.toNearestOrEven)))
        reference[index] += pow(abs(t - q) * Double(candidate.scale), Double(power))
      }
    }
    var first: [Double]?
    for variant in Self.variants {
      var scores = [Double](repeating: 0, count: 80)
      variant.search_uniform(x, x.count, candidates, 80, 60, power, &scores)
      #expect(scores.firstIndex(of: scores.min() ?? 0) == reference.firstIndex(of: reference.min() ?? 0))
      for (score, exact) in zip(scores, reference) { #expect(abs(score - exact) <= 1e-5 * exact) }
      #expect(scores == first ?? scores, "\(String(cString: variant.name))")
      first = first ?? scores
    }
  }

  /// What every kernel of a variant writes, as bits.
  struct Outputs: Equatable {
    var floats: [[UInt32]] = []
    var codes: [[UInt8]] = []
    var counts: [Int] = []
    var sums: [UInt64] = []

    init(_ variant: aq_quantize_variant, _ x: [Float]) {
      var y = [Float](repeating: 0, count: x.count)
      var c = [UInt8](repeating: 0, count: x.count)
      func keep() { floats.append(y.map(\.bitPattern)) }
      counts.append(Int(variant.fake_uniform(x, &y, x.count, 0.07, 31, 60)))
      keep()
      variant.codes_uniform(x, &c, x.count, 0.07, 31, 60)
      codes.append(c)
      let edges: [Float] = [-1, -0.25, 0, 0.25, 1]
      let scales: [Float] = [0.25, 0.25 / 3, 0.25 / 3, 0.25]
      let zeros: [Float] = [4, 3, 0, -1]
      edges.withUnsafeBufferPointer { edges in
        scales.withUnsafeBufferPointer { scales in
          zeros.withUnsafeBufferPointer { zeros in
            var grid = aq_regions(
              edges: edges.baseAddress, scales: scales.baseAddress, zero_points: zeros.baseAddress,
              intervals: 4, top: 3)
            counts.append(Int(variant.fake_regions(x, &y, x.count, &grid)))
            keep()
            variant.codes_regions(x, &c, x.count, &grid)
            codes.append(c)
            var left = 0
            counts.append(Int(variant.fake_published(x, &y, x.count, &grid, &left)))
            counts.append(left)
            keep()
          }
        }
      }
      for levels in [3, 15, 31, 100, 255] {
        let middles = (0..<levels).map { Float($0) * 0.03 - 1 }
        variant.codes_codebook(x, &c, x.count, middles, levels)
        codes.append(c)
      }
      let finite = x.map { $0.isFinite ? $0 : 3 }
      y = finite.map { $0 * 1.1 }
      sums = [Float(1), 2, 2.4].map { variant.power_error(finite, y, x.count, $0).bitPattern }
      var ends: [Float] = [0, 0]
      ends.withUnsafeMutableBufferPointer { ends in
        if let low = ends.baseAddress { counts.append(variant.extremes(x, x.count, low, low + 1)) }
      }
      floats.append(ends.map(\.bitPattern))
      variant.clip_gradient(x.reversed(), x, &y, x.count, -0.5, 0.5)
      keep()
    }
  }

  @Test(arguments: [Float.nan, -.nan, .infinity, -.infinity])
  func fakeQuantizationSeesOneBadValueAnywhere(bad: Float) {
    for variant in Self.variants {
      var y = [Float](repeating: 0, count: 35)
      let finite = [Float](repeating: -.greatestFiniteMagnitude, count: 35)
      #expect(variant.fake_uniform(finite, &y, 35, 0.1, 3, 15) == 1)
      for place in finite.indices {
        var x = finite
        x[place] = bad
        #expect(variant.fake_uniform(x, &y, 35, 0.1, 3, 15) == 0, "place \(place)")
      }
    }
  }

  @Test func extremesIgnoreNaNAndCountIt() {
    let x = input(1003)
    var (low, high) = (Float(0), Float(0))
    let count = Self.variants[0].extremes(x, x.count, &low, &high)
    #expect(count == x.count { !$0.isFinite })
    #expect(low == -.infinity && high == .infinity)
    let finite = x.filter(\.isFinite)
    #expect(Self.variants[0].extremes(finite, finite.count, &low, &high) == 0)
    #expect(low == finite.min() && high == finite.max())
  }
}
