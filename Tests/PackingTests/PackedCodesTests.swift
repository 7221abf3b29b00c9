import Packing
import Tensors
import Testing

struct PackedCodesTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 7, 8, 9, 63, 64, 65, 1001])
  func codesSurviveAnyWidthAndCount(_ bits: Int, _ count: Int) throws {
    var random = RandomSource(seed: 4, stream: UInt64(bits * 2000 + count))
    let codes = (0..<count).map { _ in UInt8(random.integer(below: 1 << bits)) }

    let packed = try PackedCodes(codes, bits: bits)

    #expect(packed.unpacked() == codes)
    #expect(packed.bytes.count == PackedCodes.byteCount(of: count, bits: bits))
    #expect(try PackedCodes(bytes: packed.bytes, count: count, bits: bits) == packed)
  }

  @Test func bitsFollowEachOtherFromTheLowEnd() throws {
    #expect(try PackedCodes([5, 0, 12], bits: 4).bytes == [0x05, 0x0C])
    // 1 | 2 << 3 | 7 << 6 = 0x1D1
    #expect(try PackedCodes([1, 2, 7], bits: 3).bytes == [0xD1, 0x01])
    #expect(try PackedCodes([1, 0, 1, 1, 0, 0, 0, 0, 1], bits: 1).bytes == [0x0D, 0x01])
  }

  @Test(arguments: [(2, 1), (4, 2), (13, 4), (16, 4), (17, 5), (29, 5), (61, 6), (64, 6), (65, 8), (256, 8)])
  func levelsNeedTheFewestStoredBits(_ levels: Int, _ bits: Int) {
    #expect(PackedCodes.bits(forLevels: levels) == bits)
  }

  @Test func errorsSayWhatToDo() {
    #expect(throws: PackingError.codeTooLarge(code: 4, index: 1, bits: 2)) {
      try PackedCodes([3, 4], bits: 2)
    }
    #expect(throws: PackingError.width(9)) { try PackedCodes([3], bits: 9) }
    #expect(throws: PackingError.byteCount(found: 1, expected: 2, codes: 3, bits: 4)) {
      try PackedCodes(bytes: [0], count: 3, bits: 4)
    }
    #expect(
      PackingError.codeTooLarge(code: 4, index: 1, bits: 2).description
        == "code 4 at index 1 does not fit 2 bits (at most 3). Use more bits.")
  }
}
