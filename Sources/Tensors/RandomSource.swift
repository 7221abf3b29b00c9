/// A seeded generator of pseudo-random numbers: the same seed gives the same numbers everywhere.
///
/// PCG XSH-RR 64/32 with an odd stream constant per `stream`, so that independent consumers
/// (shuffling, augmentation, initialisers) draw from independent sequences of one run's seed.
/// Source: O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms".
public struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: UInt64
  private let increment: UInt64

  /// Makes the generator of one seed and stream.
  public init(seed: UInt64, stream: UInt64 = 0) {
    increment = (stream << 1) | 1
    state = 0
    _ = nextWord()
    state &+= seed
    _ = nextWord()
  }

  private mutating func nextWord() -> UInt32 {
    let old = state
    state = old &* 6_364_136_223_846_793_005 &+ increment
    let xorShifted = UInt32(truncatingIfNeeded: ((old >> 18) ^ old) >> 27)
    let rotation = UInt32(truncatingIfNeeded: old >> 59)
    return (xorShifted >> rotation) | (xorShifted << ((0 &- rotation) & 31))
  }

  /// Returns 64 random bits.
  public mutating func next() -> UInt64 {
    UInt64(nextWord()) << 32 | UInt64(nextWord())
  }

  /// Returns a number in `0 ..< 1`, a multiple of 2^-24.
  public mutating func uniform() -> Float {
    Float(nextWord() >> 8) * 0x1p-24
  }

  /// Returns an integer in `0 ..< bound`; `bound` is at least 1.
  public mutating func integer(below bound: Int) -> Int {
    Int.random(in: 0..<bound, using: &self)
  }

  /// Returns a standard normal number (Marsaglia's polar method; the second one of the pair is not kept).
  public mutating func normal() -> Float {
    while true {
      let u = 2 * uniform() - 1
      let v = 2 * uniform() - 1
      let s = u * u + v * v
      if s > 0 && s < 1 { return u * (-2 * Float.logarithm(s) / s).squareRoot() }
    }
  }

  /// Returns the numbers `0 ..< count` in random order (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    order.shuffle(using: &self)
    return order
  }
}
