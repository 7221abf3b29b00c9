/// Where the rows of a data set are.
enum RowSource: Sendable {
  /// In memory, one byte per value; byte 0 stands for `lowest`: 0, or -128 for signed bytes.
  case bytes([UInt8], lowest: Int)
  /// In memory, as real numbers.
  case reals([Float])
  /// In files that are decoded each time they are asked for.
  case images(ImageFiles)

  /// The values of rows of `size` values, one after the other, as bytes.
  ///
  /// - Returns: `nil` when the values are no bytes.
  /// - Throws: ``InterchangeError`` for an image file that cannot be decoded.
  func bytes(of rows: [Int], size: Int) throws(InterchangeError) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(rows.count * size)
    switch self {
    case .bytes(let bytes, _): for row in rows { result += bytes[row * size..<(row + 1) * size] }
    case .images(let files): for row in rows { result += try files.pixels(row) }
    case .reals: return nil
    }
    return result
  }

  /// Writes the numbers that rows of `size` values stand for.
  func write(
    _ rows: [Int], size: Int, by map: ChannelMap, to target: UnsafeMutableBufferPointer<Float>
  ) throws(InterchangeError) {
    if case .reals(let values) = self {
      for (n, row) in rows.enumerated() {
        values.withUnsafeBufferPointer { values in
          map.apply(
            to: UnsafeBufferPointer(rebasing: values[row * size..<(row + 1) * size]),
            UnsafeMutableBufferPointer(rebasing: target[n * size..<(n + 1) * size]))
        }
      }
    } else if let bytes = try bytes(of: rows, size: size) {
      bytes.withUnsafeBufferPointer { map.apply(to: $0, lowest: lowest, target) }
    }
  }

  /// The value of byte 0.
  var lowest: Int { if case .bytes(_, let lowest) = self { lowest } else { 0 } }
}
