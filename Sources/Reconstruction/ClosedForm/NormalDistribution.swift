#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A normal distribution; with deviation 0 a single value.
struct NormalDistribution {
  /// The mean.
  let mean: Double
  /// The standard deviation, at least 0.
  let deviation: Double

  /// The mean of `min(max(x, 0), high)`.
  ///
  ///     E = deviation (phi(a) - phi(b)) + mean (Phi(b) - Phi(a)) + high (1 - Phi(b)),
  ///     a = -mean / deviation,  b = (high - mean) / deviation
  ///
  /// Source: Nagel et al. 2019 (DFQ), appendix C.
  func mean(clippedTo high: Double) -> Double {
    guard deviation > 0 else { return min(max(mean, 0), high) }
    let a = -mean / deviation
    guard high < .infinity else { return deviation * density(a) + mean * (1 - probability(a)) }
    let b = (high - mean) / deviation
    return deviation * (density(a) - density(b)) + mean * (probability(b) - probability(a))
      + high * (1 - probability(b))
  }

  private func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

  private func probability(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
}
