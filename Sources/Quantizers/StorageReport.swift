#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a quantized tensor costs, in bits per value.
public struct StorageReport: Hashable, Sendable {
  /// The `b` of the specification.
  public var nominal: Double
  /// As packed, the interval's index included; values left in FP32 count 32 bits and which they are its entropy.
  public var stored: Double
  /// Empirical entropy of code and index: `-Σ p log2 p`.
  public var entropy: Double
  /// Scales, zero points, edges and levels of all groups, over the values.
  public var side: Double
  /// Share of values that published mode leaves in FP32, 0...1.
  public var unquantizedShare: Double
  /// The number of values.
  public var count: Int

  /// Makes a report.
  public init(
    nominal: Double, stored: Double, entropy: Double, side: Double, unquantizedShare: Double = 0, count: Int
  ) {
    self.nominal = nominal
    self.stored = stored
    self.entropy = entropy
    self.side = side
    self.unquantizedShare = unquantizedShare
    self.count = count
  }

  /// The bits in which codes of `levels` values are packed: 1, 2, 3, 4, 5, 6 or 8; more only in published mode.
  public static func packedBits(levels: Int) -> Int {
    let bits = (1...32).first { 1 << $0 >= levels } ?? 32
    return bits == 7 ? 8 : bits
  }

  /// Mean of reports, weighted by their values; `nil` of none.
  public static func mean(of reports: [StorageReport]) -> StorageReport? {
    let total = reports.reduce(0) { $0 + $1.count }
    guard total > 0 else { return nil }
    func mean(_ field: KeyPath<StorageReport, Double>) -> Double {
      reports.reduce(0) { $0 + $1[keyPath: field] * Double($1.count) } / Double(total)
    }
    return StorageReport(
      nominal: mean(\.nominal), stored: mean(\.stored), entropy: mean(\.entropy), side: mean(\.side),
      unquantizedShare: mean(\.unquantizedShare), count: total)
  }

  /// The whole cost in bytes: stored codes and side information.
  public var byteCount: Int {
    Int((Double(count) * (stored + side) / 8).rounded(.up))
  }

  static func entropy(_ counts: some Sequence<Int>) -> Double {
    let total = Double(counts.reduce(0, +))
    guard total > 0 else { return 0 }
    return counts.reduce(0.0) { sum, n in n == 0 ? sum : sum - Double(n) / total * log2(Double(n) / total) }
  }
}
