import CKernels
import Inference
import Tensors
import Testing

/// References in 128-bit integers, written from the definitions.
private func nearest(_ product: Int128, dividedByPowerOf exponent: Int) -> (up: Int128, away: Int128) {
  let divisor = Int128(1) << Int128(exponent)
  let floor = product >> Int128(exponent)
  let twice = (product - floor * divisor) * 2
  if twice == divisor { return (floor + 1, product < 0 ? floor : floor + 1) }
  let rounded = twice > divisor ? floor + 1 : floor
  return (rounded, rounded)
}

struct FixedPointTests {
  static let values: [Int32] = {
    var random = RandomSource(seed: 11)
    let edges: [Int32] = [
      0, 1, -1, 2, -2, 3, -3, 127, -128, 1 << 30, -(1 << 30), (1 << 30) + 1, .max, .min, .max - 1, .min + 1,
    ]
    return edges
      + (0..<300).map { _ in Int32(truncatingIfNeeded: random.next()) >> Int32(random.integer(below: 31)) }
  }()

  @Test func highMultiplicationRoundsTiesUpwardsAndSaturates() {
    for a in Self.values {
      for b in Self.values {
        let expected = min(nearest(Int128(a) * Int128(b), dividedByPowerOf: 31).up, Int128(Int32.max))
        #expect(Int128(aq_saturating_rounding_doubling_high_mul(a, b)) == expected)
      }
    }
  }

  @Test func divisionByPowersOfTwoRoundsTiesAwayFromZero() {
    for x in Self.values {
      for exponent in 0...31 {
        let expected = nearest(Int128(x), dividedByPowerOf: exponent).away
        #expect(Int128(aq_rounding_divide_by_pot(x, Int32(exponent))) == expected)
      }
    }
  }

  @Test func productsRoundOnceOrTwice() throws {
    for real in [1e-9, 0.0003, 0.25, 0.5, 0.7311, 1, 1.9999, 37.5] {
      let scale = try #require(FixedPointMultiplier(real))
      let left = max(0, Int(scale.shift))
      for x in Self.values where Int128(x).magnitude << Int128(left) < 1 << 31 {
        let product = Int128(x) * Int128(scale.multiplier)
        let high = nearest(product << Int128(left), dividedByPowerOf: 31).up
        #expect(
          Int128(scale.product(x, .double)) == nearest(high, dividedByPowerOf: max(0, -Int(scale.shift))).away
        )
        #expect(
          Int128(scale.product(x, .single)) == nearest(product, dividedByPowerOf: 31 - Int(scale.shift)).up)
      }
    }
  }

  @Test func splittingKeepsThirtyOneBits() throws {
    var random = RandomSource(seed: 3)
    for _ in 0..<1000 {
      let real =
        Double(random.uniform() + 0.001)
        * Double(sign: .plus, exponent: random.integer(below: 40) - 25, significand: 1)
      let scale = try #require(FixedPointMultiplier(real))
      #expect(scale.multiplier >= 1 << 30)
      #expect(abs(scale.value - real) <= real * 0x1p-31)
    }
    #expect(FixedPointMultiplier(0) == FixedPointMultiplier(multiplier: 0, shift: 0))
    #expect(FixedPointMultiplier(1 - 0x1p-40) == FixedPointMultiplier(multiplier: 1 << 30, shift: 1))
    for wrong in [-1, .nan, .infinity, 0x1p30] { #expect(FixedPointMultiplier(wrong) == nil) }
  }
}
