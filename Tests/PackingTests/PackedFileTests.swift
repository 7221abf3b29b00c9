import Foundation
import Packing
import Testing

struct PackedFileTests {
  private let file = PackedFile(sections: [
    .init("graph", [1, 2, 3]), .init("weights/stem", Array(0..<77)), .init("empty", []),
  ])

  @Test func sectionsSurviveEncoding() throws {
    let read = try PackedFile(encoded: file.encoded)

    #expect(read == file)
    #expect(try read.section("weights/stem") == Array(0..<77))
    #expect(throws: PackingError.missingSection("bias")) { try read.section("bias") }
  }

  @Test func everyTruncationIsAnError() {
    let bytes = file.encoded
    // The last section is empty, so only a cut before its start loses something.
    for count in 0..<(bytes.count - 7) {
      #expect(throws: PackingError.self) { try PackedFile(encoded: Array(bytes.prefix(count))) }
    }
  }

  @Test func damagedHeadersAreNamed() {
    var wrongMagic = file.encoded
    wrongMagic[0] = 0x42
    var wrongVersion = file.encoded
    wrongVersion[4] = 9
    var hugeCount = file.encoded
    hugeCount[22] = 0x7F
    var overlapping = file.encoded
    // The first section's offset: 16 of header, 8 of count, 8 of length, 5 of name.
    overlapping[37] = 0

    #expect(throws: PackingError.magic(found: [0x42, 0x55, 0x47, 0x51])) {
      try PackedFile(encoded: wrongMagic)
    }
    #expect(throws: PackingError.version(found: 9, newest: 1)) { try PackedFile(encoded: wrongVersion) }
    #expect(throws: PackingError.self) { try PackedFile(encoded: hugeCount) }
    #expect(throws: PackingError.overlap("header", "graph")) { try PackedFile(encoded: overlapping) }
  }

  @Test func devicesAreNeitherReplacedNorRead() {
    #expect(
      throws: PackingError.file(path: "/dev/null", operation: "replace", reason: "it is not a regular file")
    ) { try file.write(to: "/dev/null") }
    #expect(
      throws: PackingError.file(path: "/dev/null", operation: "read", reason: "it is not a regular file")
    ) { try PackedFile(path: "/dev/null") }
  }

  @Test func damageInAFileNamesTheFile() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("augq-\(UUID().uuidString)").path
    try Data("BUGS".utf8 + file.encoded.dropFirst(4)).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }

    #expect(throws: PackingError.inFile(path: path, .magic(found: Array("BUGS".utf8)))) {
      try PackedFile(path: path)
    }
  }

  @Test func writingReplacesTheFileAndLeavesNothingElse() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("augq-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("model.augq").path

    try PackedFile(sections: []).write(to: path)
    try file.write(to: path)

    #expect(try PackedFile(path: path) == file)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.augq"])
    #expect(
      throws: PackingError.file(path: "\(path).none", operation: "open", reason: "No such file or directory")
    ) {
      try PackedFile(path: "\(path).none")
    }
  }
}
