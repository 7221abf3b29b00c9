#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Tensors

extension RegionGrid {
  /// The bits per value of codes as packed: `ceil(log2 levels)` to a packable width, or `bits + log2(K) / n` for blocks.
  public var storedBits: Double {
    if let block = specification.blockSize {
      return Double(StorageReport.packedBits(levels: specification.topCode + 1))
        + log2(Double(specification.intervals)) / Double(block)
    }
    let levels =
      isUniform || specification.edges == .equal
      ? steps + 1 : specification.intervals * (specification.topCode + 1)
    return Double(StorageReport.packedBits(levels: levels))
  }

  /// Bits of scale, zero point and unequal edges per group.
  private var sideBits: Int {
    if specification.mode == .published { return 32 * (3 * specification.intervals + 1) }
    if isUniform || specification.blockSize != nil { return 64 }
    return 32 * (3 * specification.intervals + 1)
  }

  /// Counts the bits of a tensor on the grid.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the grid.
  public func storage(of x: Tensor, execution: Execution = Execution()) throws -> StorageReport {
    var report = StorageReport(
      nominal: Double(specification.bits), stored: storedBits, entropy: 0,
      side: Double(sideBits * groupCount) / Double(max(1, x.count)), count: x.count)
    if specification.mode == .published { return try publishedStorage(of: x, report) }
    let codes = try quantize(x, execution: execution)
    var counts = [Int](repeating: 0, count: 256)
    for code in codes.codes { counts[Int(code)] += 1 }
    var intervals = [Int](repeating: 0, count: 16)
    for interval in codes.blockIntervals { intervals[Int(interval)] += 1 }
    report.entropy = StorageReport.entropy(counts)
    if !codes.blockIntervals.isEmpty {
      report.entropy +=
        StorageReport.entropy(intervals) * Double(codes.blockIntervals.count) / Double(max(1, x.count))
    }
    return report
  }

  /// Codes for the quantized values, 32 bits for each of the others and the entropy of which is which.
  private func publishedStorage(of x: Tensor, _ plain: StorageReport) throws -> StorageReport {
    let layout = try layout(x.shape)
    let y = try fakeQuantized(x)
    let width = specification.intervals + 1
    var unquantized = 0
    var counts: [Float: Int] = [:]
    layout.forEachRun(in: 0..<x.count) { group, run in
      let edges = edges[group * width..<(group + 1) * width]
      for i in run {
        if let low = edges.first, let high = edges.last, low < x[i], x[i] < high, !edges.contains(x[i]) {
          counts[y[i], default: 0] += 1
        } else {
          unquantized += 1
        }
      }
    }
    let share = Double(unquantized) / Double(max(1, x.count))
    let others = 32 * share + StorageReport.entropy([unquantized, x.count - unquantized])
    var report = plain
    report.unquantizedShare = share
    report.stored = plain.stored * (1 - share) + others
    report.entropy = StorageReport.entropy(counts.values) * (1 - share) + others
    return report
  }
}
