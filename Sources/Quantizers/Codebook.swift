import CKernels
public import Tensors

/// Sorted levels per group, at most 256; each value takes the nearest one, the lower one on ties.
public struct Codebook: QuantizationGrid, Hashable {
  /// Ascending levels of each group.
  public let table: [[Float]]
  /// Which values share levels.
  public let group: GroupMap
  private let middles: [[Float]]

  /// Makes a codebook of given levels; they are sorted and duplicates dropped.
  ///
  /// - Throws: ``QuantizationError`` when a group has no level, more than 256, or one that is not finite.
  public init(levels: [[Float]], group: GroupMap = .tensor) throws(QuantizationError) {
    guard !levels.isEmpty else { throw .emptyCalibration("a codebook") }
    for levels in levels {
      let bad = levels.indices.filter { !levels[$0].isFinite }
      if let first = bad.first { throw .notFinite(count: bad.count, first: first, total: levels.count) }
    }
    let sorted = levels.map { Set($0.map { $0 + 0 }).sorted() }
    for levels in sorted where !(1...256).contains(levels.count) { throw .codebookSize(levels.count) }
    table = sorted
    middles = sorted.map { zip($0, $0.dropFirst()).map { $0 / 2 + $1 / 2 } }
    self.group = group
  }

  /// The number of groups.
  public var groupCount: Int { table.count }

  /// The levels of a group, ascending.
  public func levels(group: Int) -> [Float] { table[group] }

  func layout(_ shape: Shape) throws(QuantizationError) -> GroupLayout {
    let layout = try GroupLayout(group, shape)
    guard layout.groupCount == groupCount else {
      throw .groupMismatch(expected: groupCount, actual: layout.groupCount, shape: shape.description)
    }
    return layout
  }

  /// Returns each value's nearest level.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook or a value is NaN or infinite.
  public func fakeQuantized(_ x: Tensor, execution: Execution = Execution()) throws -> Tensor {
    let layout = try layout(x.shape)
    try GridSpecification.checkFinite(x, execution: execution)
    return try mapped(x, layout, execution) { _, group, _, input, output, count in
      let levels = table[group]
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Codebook.chunk) { codes in
        guard let buffer = codes.baseAddress else { return }
        for start in stride(from: 0, to: count, by: Codebook.chunk) {
          let size = min(Codebook.chunk, count - start)
          kernels.codes_codebook(input + start, buffer, size, middles[group], middles[group].count)
          levels.withUnsafeBufferPointer { levels in
            for i in 0..<size { output[start + i] = levels[Int(buffer[i])] }
          }
        }
      }
    }
  }

  private static let chunk = 1024

  /// Returns the index of each value's level.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook or a value is NaN or infinite.
  public func quantize(_ x: Tensor, execution: Execution = Execution()) throws -> GridCodes {
    let layout = try layout(x.shape)
    try GridSpecification.checkFinite(x, execution: execution)
    var codes = [UInt8](repeating: 0, count: x.count)
    try codes.withUnsafeMutableBufferPointer { target in
      try x.withValues { source in
        guard let input = source.baseAddress, let output = target.baseAddress else { return }
        try layout.forEachShard(execution) { _, range in
          layout.forEachRun(in: range) { group, run in
            kernels.codes_codebook(
              input + run.lowerBound, output + run.lowerBound, run.count, middles[group], middles[group].count
            )
          }
        }
      }
    }
    return GridCodes(shape: x.shape, codes: codes, blockIntervals: [])
  }

  /// Returns the levels of codes.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook.
  public func dequantize(_ codes: GridCodes) throws -> Tensor {
    let layout = try layout(codes.shape)
    return Tensor(codes.shape) { target in
      layout.forEachRun(in: 0..<codes.codes.count) { group, run in
        for i in run { target[i] = table[group][Int(codes.codes[i])] }
      }
    }
  }

  /// Returns the gradient where `x` is within the levels, else 0.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook.
  public func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution = Execution()) throws -> Tensor {
    let bounds = table.map { ValueRange($0.first ?? 0, $0.last ?? 0) }
    return try clippedGradient(gradient, at: x, bounds, layout(x.shape), execution)
  }

  /// Counts the bits of a tensor: packed codes, their entropy, and 32 bits per level.
  ///
  /// - Throws: ``QuantizationError`` when the shape has other groups than the codebook.
  public func storage(of x: Tensor, execution: Execution = Execution()) throws -> StorageReport {
    let largest = table.map(\.count).max() ?? 1
    var counts = [Int](repeating: 0, count: 256)
    for code in try quantize(x, execution: execution).codes { counts[Int(code)] += 1 }
    let nominal = (0...8).first { 1 << $0 >= largest } ?? 8
    return StorageReport(
      nominal: Double(nominal), stored: Double(StorageReport.packedBits(levels: largest)),
      entropy: StorageReport.entropy(counts),
      side: Double(32 * table.reduce(0) { $0 + $1.count }) / Double(max(1, x.count)), count: x.count)
  }
}
