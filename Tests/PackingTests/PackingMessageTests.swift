import Foundation
import Packing
import TestSupport
import Testing

/// What a user reads about codes and packed files that are damaged.
@Suite struct PackingMessageTests {
  private static let file = PackedFile(sections: [.init("graph", [1, 2, 3]), .init("codes", [4, 5])])

  /// A file with some of its bytes set.
  private static func damaged(_ changes: [Int: UInt8], count: Int? = nil) throws -> Any {
    var bytes = file.encoded
    for (index, byte) in changes { bytes[index] = byte }
    return try PackedFile(encoded: Array(bytes.prefix(count ?? bytes.count)))
  }

  static let damages: [Refused] = [
    Refused("codes of 9 bits cannot be packed. Use 1 to 8 bits.") { try PackedCodes([3], bits: 9) },
    Refused("3 codes of 4 bits need 2 bytes, found 1. The file is damaged; write it again.") {
      try PackedCodes(bytes: [0], count: 3, bits: 4)
    },
    Refused(
      "not a packed model: the first bytes are [66, 85, 71, 81], expected 'AUGQ'. Give a file that 'pack' wrote."
    ) { try damaged([0: 66]) },
    Refused("packed model of version 9; this program reads up to 1. Use a newer augq.") {
      try damaged([4: 9])
    },
    Refused("the file is truncated: its header announces 16 bytes, found 10. Copy or write it again.") {
      try damaged([:], count: 10)
    },
    // The first section's offset: 16 of header, 8 of count, 8 of length, 5 of name.
    Refused("sections 'header' and 'graph' overlap. The file is damaged; write it again.") {
      try damaged([37: 0])
    },
    Refused("section 'bias' is missing. The file is damaged; write it again.") { try file.section("bias") },
    Refused("section 'graph' occurs twice. The file is damaged; write it again.") {
      try PackedFile(encoded: PackedFile(sections: [.init("graph", [1]), .init("graph", [2])]).encoded)
    },
    Refused("section 'a': ends at byte 2, 8 bytes wanted at 0. The file is damaged; write it again.") {
      var reader = ByteReader([1, 2], section: "a")
      return try reader.int()
    },
    Refused(
      "section 'a': announces 5 items of 1 bytes, 1 bytes are left. The file is damaged; write it again."
    ) {
      var reader = ByteReader([5, 0, 0, 0, 0, 0, 0, 0, 1], section: "a")
      return try reader.string()
    },
    Refused(
      "could not read '/dev/null': it is not a regular file. Check the path, its rights and the free space."
    ) { try PackedFile(path: "/dev/null") },
    Refused(
      "could not replace '/dev/null': it is not a regular file. Check the path, its rights and the free space."
    ) { try file.write(to: "/dev/null") },
  ]

  @Test(arguments: damages) func damageIsExplained(_ refused: Refused) {
    #expect(refused.outcome == refused.message)
  }
}
