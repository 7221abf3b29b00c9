import CKernels

/// A positive real number as integers: `multiplier * 2^(shift - 31)`, multiplier 0 or in `2^30 ..< 2^31`.
///
/// Source: Jacob et al. 2018, section 2.2; names and rounding of gemmlowp.
public struct FixedPointMultiplier: Hashable, Sendable {
  /// The fraction, scaled by 2^31.
  public let multiplier: Int32
  /// The power of two, -31...30.
  public let shift: Int32

  /// Splits a real number.
  ///
  /// The result is `nil` for a negative number, one that is not finite or at least 2^30; below 2^-32 it is 0.
  public init?(_ real: Double) {
    var multiplier: Int32 = 0
    var shift: Int32 = 0
    guard aq_quantize_multiplier(real, &multiplier, &shift) == 0 else { return nil }
    self.multiplier = multiplier
    self.shift = shift
  }

  /// Takes parts that were made before.
  public init(multiplier: Int32, shift: Int32) {
    self.multiplier = multiplier
    self.shift = shift
  }

  /// The number these integers stand for.
  public var value: Double {
    Double(sign: .plus, exponent: Int(shift) - 31, significand: Double(multiplier))
  }

  /// Returns `x` times the number, rounded as a requantization does.
  public func product(_ x: Int32, _ rounding: RequantizationRounding) -> Int32 {
    switch rounding {
    case .double: aq_multiply_double_rounding(x, multiplier, shift)
    case .single: aq_multiply_single_rounding(x, multiplier, shift)
    }
  }
}

/// How a 32-bit sum times a fixed-point multiplier is rounded.
public enum RequantizationRounding: UInt8, Hashable, Sendable {
  /// The high half of the doubled product, rounded, then a rounding shift: convolutions (gemmlowp).
  case double = 0
  /// One rounding of the 64-bit product, ties upwards: linear layers (LiteRT).
  case single = 1
}
