import Foundation
import LuaRuntime
import TestSupport
import Testing

@Suite struct FileRootsTests {
  private static func folder() throws -> Scratch {
    let folder = try Scratch()
    try folder.write("", to: "in/file")
    try folder.write("", to: "out/file")
    try folder.write("", to: "in2/file")
    for (link, target) in [
      ("in/out_link", "../out/file"), ("in/dangling", "../out/new"), ("in/folder_link", "../out"),
      ("in/good", "file"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: folder.path(link), withDestinationPath: target)
    }
    mkfifo(folder.path("in/pipe"), 0o600)
    return folder
  }

  @Test(arguments: [
    ("in/file", true), ("in", true), ("in/../in/file", true), ("in/new", true), ("in/new/newer", true),
    ("in/good", true), ("in/./new", true), ("in/new/", true), ("out/file", false), ("in2/file", false),
    ("in/../out/file", false), ("in/../out/new", false), ("in/out_link", false), ("in/dangling", false),
    ("in/folder_link/file", false), ("in/folder_link/new", false), ("in/new/..", false),
    ("in/new/../../out/file", false), ("in/pipe", false), ("in/file\0", false), ("", false), (".", false),
    ("..", false),
  ])
  func onlyWhatIsReallyBelowARootIsAllowed(path: String, isAllowed: Bool) throws {
    let folder = try Self.folder()
    let roots = try FileRoots(read: [folder.path("in")])

    let place = try? roots.resolve(path.isEmpty ? "" : "\(folder.url.path)/\(path)", for: .read)

    #expect((place != nil) == isAllowed)
    if let place { #expect(place.contains("/in") && !place.contains("out") && !place.contains("..")) }
    #expect(throws: LuaUsageError.self) { try roots.resolve(folder.path(path), for: .write) }
  }

  @Test func whatMayBeWrittenMayBeRead() throws {
    let folder = try Self.folder()
    let roots = try FileRoots(write: [folder.path("in")])

    #expect(
      try roots.resolve(folder.path("in/file"), for: .read)
        == roots.resolve(folder.path("in/file"), for: .write))
  }
}
