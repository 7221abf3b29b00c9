public import Tensors

/// Files of rows without any header: `N` times the values of one image, and one label byte per row in another file.
public enum RawRows {
  /// The type of a stored value; little-endian.
  public enum ValueType: String, Sendable, CaseIterable {
    case int8, uint8, float32

    /// Bytes per value.
    var size: Int { self == .float32 ? 4 : 1 }
  }

  /// Reads a file of rows, plain or `.gz`; networks read `x` as the map says.
  ///
  /// - Parameters:
  ///   - labels: A file of one byte per row; `nil` for rows without labels.
  ///   - classCount: The number of classes; `nil` counts up to the largest label.
  /// - Throws: ``InterchangeError`` for a missing file, one that is no whole number of rows, labels that do not pair with
  ///   the rows, NaN or infinity.
  public static func load(
    _ path: String, shape: Shape, type: ValueType, labels: String? = nil, classCount: Int? = nil,
    map: ChannelMap = ChannelMap(scale: 1, shift: 0)
  ) throws(InterchangeError) -> Dataset {
    let content = try Gzip.contents(of: path, limit: 1 << 33, remedy: "Check the path.")
    let rowSize = shape.count * type.size
    guard rowSize > 0, !content.isEmpty, content.count % rowSize == 0 else {
      throw .malformed(
        path: path,
        problem: "\(content.count) bytes are no whole number of rows \(shape) of \(type) (\(rowSize) bytes). "
          + "Check shape and type.")
    }
    let count = content.count / rowSize
    let numbers = try labels.map { path throws(InterchangeError) in
      try readLabels(path, count: count, classCount: classCount)
    }
    let classes = numbers.map { classCount ?? ($0.max() ?? 0) + 1 } ?? 0
    return try Dataset(
      name: path, imageShape: shape, source: try source(content, type, path), count: count,
      labels: numbers ?? [], classNames: (0..<classes).map(String.init), map: map)
  }

  private static func readLabels(
    _ path: String, count: Int, classCount: Int?
  ) throws(InterchangeError) -> [Int] {
    let bytes = try Gzip.contents(of: path, limit: 1 << 30, remedy: "Check the path.")
    guard bytes.count == count else {
      throw .malformed(
        path: path, problem: "it has \(bytes.count) labels of one byte, but there are \(count) rows")
    }
    if let classCount, let row = bytes.firstIndex(where: { $0 >= classCount }) {
      throw .malformed(
        path: path,
        problem: "label \(bytes[row]) of row \(row) is outside the \(classCount) classes. Give more classes.")
    }
    return bytes.map(Int.init)
  }

  private static func source(
    _ content: [UInt8], _ type: ValueType, _ path: String
  ) throws(InterchangeError) -> RowSource {
    switch type {
    case .uint8: return .bytes(content, lowest: 0)
    // Offset binary: byte 0 stands for -128.
    case .int8: return .bytes(content.map { $0 ^ 0x80 }, lowest: -128)
    case .float32:
      let values = content.withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map {
          Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self).littleEndian)
        }
      }
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw .malformed(
          path: path, problem: "value \(index) is \(values[index]). Only finite numbers can be used.")
      }
      return .reals(values)
    }
  }
}
