#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Tensors

/// The result of ``GoldenCheck/compare(_:)``.
public struct GoldenReport: Sendable {
  /// Values compared.
  public var values = 0
  /// Tensors compared.
  public var tensors = 0
  /// Values beyond the tolerance whose input is within one unit in the last place of an edge or a tie.
  public var ties = 0
  /// One line for each tensor that differs by more than its tolerance.
  public var mismatches: [String] = []
}

/// Compares published mode with values that the AuGQ authors' code computed.
///
/// Keys: `<name>.x`, `<name>.b<bits>.{y, scale, zero_point, edges, adaround_soft_init, adaround_hard_init}`.
/// Values agree within 1e-6 of the range; beyond it only where the input is within one unit in the last place of an edge
/// or of a rounding tie.
public enum GoldenCheck {
  /// Fits published grids (4 intervals, L2.4 search) to every `.x` and compares all that the file holds about them.
  ///
  /// - Throws: ``QuantizationError`` when a tensor cannot be fitted or the file holds no `.x`.
  public static func compare(_ tensors: [String: Tensor]) throws -> GoldenReport {
    var report = GoldenReport()
    let inputs = tensors.keys.filter { $0.hasSuffix(".x") }.sorted()
    guard !inputs.isEmpty else {
      throw QuantizationError.unknown(
        "no key ends in .x among \(tensors.count) tensors; give the golden file")
    }
    for key in inputs {
      guard let x = tensors[key] else { continue }
      for bits in 2...8 {
        let prefix = "\(key.dropLast(2)).b\(bits)."
        let expected = tensors.filter { $0.key.hasPrefix(prefix) }
        if expected.isEmpty { continue }
        let spec = GridSpecification(bits: bits, intervals: 4, mode: .published, observer: .lpSearch())
        let comparison = GoldenComparison(grid: try spec.fit(to: x), x: x)
        for name in expected.keys.sorted() {
          guard let tensor = expected[name] else { continue }
          guard let actual = try comparison.values(String(name.dropFirst(prefix.count))) else {
            report.mismatches.append("\(name): nothing of this name is computed")
            continue
          }
          report.tensors += 1
          report.values += tensor.count
          let perValue = tensor.count == x.count && name.hasSuffix("y") || name.hasSuffix("_init")
          if let line = comparison.difference(actual, tensor, perValue, &report.ties) {
            report.mismatches.append("\(name): \(line)")
          }
        }
      }
    }
    return report
  }
}

/// One published grid and the input it was fitted to.
private struct GoldenComparison {
  let grid: RegionGrid
  let x: Tensor

  func values(_ name: String) throws -> [Float]? {
    switch name {
    case "y": try grid.fakeQuantized(x).values
    case "scale": grid.scales
    case "zero_point": grid.zeroPoints
    case "edges": grid.edges
    case "adaround_soft_init": x.values.map { rounded($0, isHard: false) }
    case "adaround_hard_init": x.values.map { rounded($0, isHard: true) }
    default: nil
    }
  }

  /// A weight through learned rounding just after its initialisation: the rounding offset is the remainder of `x / scale`.
  ///
  /// Source: Nagel et al. 2020 (AdaRound), eq. 23, stretched by gamma = -0.1 and zeta = 1.1.
  private func rounded(_ x: Float, isHard: Bool) -> Float {
    guard let k = interval(x) else { return x }
    let remainder = x / grid.scales[0] - (x / grid.scales[0]).rounded(.down)
    let alpha = -logf(1.2 / (remainder + 0.1) - 1)
    let soft = min(1, max(0, 1 / (1 + expf(-alpha)) * 1.2 - 0.1))
    let down = (x / grid.scales[k]).rounded(.down)
    let q = min(
      Float(grid.specification.topCode),
      max(0, down + (isHard ? (alpha >= 0 ? 1 : 0) : soft) + grid.zeroPoints[k]))
    return (q - grid.zeroPoints[k]) * grid.scales[k]
  }

  private func interval(_ x: Float) -> Int? {
    (0..<grid.specification.intervals).first { grid.edges[$0] < x && x < grid.edges[$0 + 1] }
  }

  /// Says how two arrays differ; `nil` when they agree.
  func difference(_ actual: [Float], _ expected: Tensor, _ isPerValue: Bool, _ ties: inout Int) -> String? {
    guard actual.count == expected.count else { return "\(actual.count) values instead of \(expected.count)" }
    let range = x.values.reduce(Float(0)) { max($0, abs($1)) }
    var first: Int?
    var count = 0
    for i in actual.indices where !(abs(actual[i] - expected[i]) <= tolerance(isPerValue, range, expected[i]))
    {
      if isPerValue && isDelicate(x[i]) {
        ties += 1
        continue
      }
      first = first ?? i
      count += 1
    }
    return first.map {
      "\(count) of \(actual.count) values differ, at index \($0) \(actual[$0]) instead of \(expected[$0])"
    }
  }

  private func tolerance(_ isPerValue: Bool, _ range: Float, _ value: Float) -> Float {
    isPerValue ? 1e-6 * range : 1e-6 * abs(value) + 1e-9 * range
  }

  /// Whether the value is within one unit in the last place of an edge or of the middle between two levels.
  private func isDelicate(_ value: Float) -> Bool {
    if grid.edges.contains(where: { abs($0 - value) <= max($0.ulp, value.ulp) }) { return true }
    return grid.scales.contains { scale in
      let position = value / scale
      let distance = abs(position - position.rounded(.down) - 0.5)
      return distance <= position.ulp || abs(position - position.rounded()) <= position.ulp
    }
  }
}
