/// Codes of equal width, stored without gaps.
///
/// Code `i` occupies bits `i * bits ..< (i + 1) * bits` of a little-endian bit string: bit `n` of the string is
/// bit `n % 8` of byte `n / 8`. So two 4-bit codes share a byte, the first in its low half. Unused high bits of
/// the last byte are 0. Seven bits are stored as eight, which costs little and keeps codes in bytes.
///
///     let packed = try PackedCodes([5, 0, 12], bits: 4)
///     packed.bytes      // [0x05, 0x0C]
///     packed.unpacked() // [5, 0, 12]
public struct PackedCodes: Hashable, Sendable {
  /// Bits per code as stored: 1, 2, 3, 4, 5, 6 or 8.
  public let bits: Int
  /// The number of codes.
  public let count: Int
  /// The bit string.
  public let bytes: [UInt8]

  /// Packs codes.
  ///
  /// - Parameter bits: Width wanted, 1...8; 7 becomes 8.
  /// - Throws: ``PackingError/width(_:)``, ``PackingError/codeTooLarge(code:index:bits:)``.
  public init(_ codes: [UInt8], bits: Int) throws(PackingError) {
    let width = try Self.storedWidth(bits)
    if width < 8, let index = codes.firstIndex(where: { Int($0) >> width != 0 }) {
      throw .codeTooLarge(code: Int(codes[index]), index: index, bits: width)
    }
    self.bits = width
    count = codes.count
    bytes = width == 8 ? codes : Self.pack(codes, width)
  }

  /// Takes a bit string that was packed before.
  ///
  /// - Throws: ``PackingError/width(_:)``, or ``PackingError/byteCount(found:expected:codes:bits:)``.
  public init(bytes: [UInt8], count: Int, bits: Int) throws(PackingError) {
    let width = try Self.storedWidth(bits)
    let expected = Self.byteCount(of: count, bits: width)
    if bytes.count != expected {
      throw .byteCount(found: bytes.count, expected: expected, codes: count, bits: width)
    }
    self.bits = width
    self.count = count
    self.bytes = bytes
  }

  /// Returns the codes.
  public func unpacked() -> [UInt8] {
    if bits == 8 { return bytes }
    let mask = UInt32(1) << UInt32(bits) - 1
    return [UInt8](unsafeUninitializedCapacity: count) { codes, initialized in
      var held: UInt32 = 0
      var heldBits = 0
      var next = 0
      for index in 0..<count {
        if heldBits < bits {
          held |= UInt32(bytes[next]) << UInt32(heldBits)
          heldBits += 8
          next += 1
        }
        codes[index] = UInt8(truncatingIfNeeded: held & mask)
        held >>= UInt32(bits)
        heldBits -= bits
      }
      initialized = count
    }
  }

  /// The bytes that `count` codes take at a width.
  public static func byteCount(of count: Int, bits: Int) -> Int { (count * (bits == 7 ? 8 : bits) + 7) / 8 }

  /// The fewest bits that are stored for codes `0 ..< levels`.
  public static func bits(forLevels levels: Int) -> Int {
    var bits = 1
    while bits < 8 && 1 << bits < levels { bits += 1 }
    return bits == 7 ? 8 : bits
  }

  private static func storedWidth(_ bits: Int) throws(PackingError) -> Int {
    guard (1...8).contains(bits) else { throw .width(bits) }
    return bits == 7 ? 8 : bits
  }

  private static func pack(_ codes: [UInt8], _ width: Int) -> [UInt8] {
    var bytes = [UInt8]()
    bytes.reserveCapacity(byteCount(of: codes.count, bits: width))
    var held: UInt32 = 0
    var heldBits = 0
    for code in codes {
      held |= UInt32(code) << UInt32(heldBits)
      heldBits += width
      while heldBits >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: held))
        held >>= 8
        heldBits -= 8
      }
    }
    if heldBits > 0 { bytes.append(UInt8(truncatingIfNeeded: held)) }
    return bytes
  }
}
