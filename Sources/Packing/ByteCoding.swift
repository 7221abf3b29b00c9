/// Writes little-endian numbers and strings one after another.
public struct ByteWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  /// Makes an empty writer.
  public init() {}

  /// Appends an integer, little-endian.
  public mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends an `Int` as 64 bits.
  public mutating func append(_ value: Int) { append(Int64(value)) }

  /// Appends the bits of a number.
  public mutating func append(_ value: Double) { append(value.bitPattern) }

  /// Appends a count and bytes.
  public mutating func append(_ values: [UInt8]) {
    append(values.count)
    bytes.append(contentsOf: values)
  }

  /// Appends a count and 32-bit integers.
  public mutating func append(_ values: [Int32]) {
    append(values.count)
    for value in values { append(value) }
  }

  /// Appends a count and integers of 64 bits.
  public mutating func append(_ values: [Int]) {
    append(values.count)
    for value in values { append(value) }
  }

  /// Appends a length and UTF-8.
  public mutating func append(_ text: String) { append(Array(text.utf8)) }
}

/// Reads what a ``ByteWriter`` wrote; every read checks what is left.
public struct ByteReader: Sendable {
  private let bytes: [UInt8]
  private let section: String
  /// The offset of the next byte.
  public private(set) var offset = 0

  /// Makes a reader of a section's bytes; the name is for errors.
  public init(_ bytes: [UInt8], section: String) {
    self.bytes = bytes
    self.section = section
  }

  /// The error of this section with a text.
  public func failure(_ problem: String) -> PackingError { .content(section: section, problem: problem) }

  /// Reads an integer.
  public mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(PackingError) -> T {
    let size = MemoryLayout<T>.size
    guard size <= bytes.count - offset else {
      throw failure("ends at byte \(bytes.count), \(size) bytes wanted at \(offset)")
    }
    var value: T = 0
    for index in 0..<size { value |= T(truncatingIfNeeded: bytes[offset + index]) << T(8 * index) }
    offset += size
    return value
  }

  /// Reads an `Int` that was written as 64 bits.
  public mutating func int() throws(PackingError) -> Int { Int(try integer(Int64.self)) }

  /// Reads a number.
  public mutating func double() throws(PackingError) -> Double {
    Double(bitPattern: try integer(UInt64.self))
  }

  /// Reads a count of items of `size` bytes, which must still be there.
  public mutating func count(itemSize size: Int) throws(PackingError) -> Int {
    let count = try int()
    guard count >= 0 && count <= (bytes.count - offset) / size else {
      throw failure("announces \(count) items of \(size) bytes, \(bytes.count - offset) bytes are left")
    }
    return count
  }

  /// Reads a count and bytes.
  public mutating func array(_ type: UInt8.Type) throws(PackingError) -> [UInt8] {
    let count = try count(itemSize: 1)
    defer { offset += count }
    return Array(bytes[offset..<(offset + count)])
  }

  /// Reads a count and integers.
  public mutating func array(_ type: Int32.Type) throws(PackingError) -> [Int32] {
    var values = [Int32]()
    for _ in 0..<(try count(itemSize: 4)) { values.append(try integer(Int32.self)) }
    return values
  }

  /// Reads a count and integers of 64 bits.
  public mutating func array(_ type: Int.Type) throws(PackingError) -> [Int] {
    var values = [Int]()
    for _ in 0..<(try count(itemSize: 8)) { values.append(try int()) }
    return values
  }

  /// Reads a length and UTF-8.
  public mutating func string() throws(PackingError) -> String {
    String(decoding: try array(UInt8.self), as: UTF8.self)
  }
}
