import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  /// A rename would put a file in the device's place, and root is allowed to.
  @Test func devicesAreNotReplaced() {
    #expect(throws: InterchangeError.unwritable(path: "/dev/null", reason: "it is not a regular file")) {
      try AtomicFile.write("text", to: "/dev/null")
    }
  }

  @Test func anOldFileIsReplacedAndNothingElseIsLeft() throws {
    let folder = try Scratch()
    try folder.write("old", to: "file")

    try AtomicFile.write("new", to: folder.path("file"))

    #expect(try String(contentsOf: folder.url.appendingPathComponent("file"), encoding: .utf8) == "new")
    #expect(try folder.names() == ["file"])
  }
}
