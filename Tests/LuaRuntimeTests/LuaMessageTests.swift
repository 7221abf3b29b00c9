import LuaRuntime
import TestSupport
import Testing

/// What a user reads about patterns, and about what confined code asks for.
@Suite struct LuaMessageTests {
  static let scripts: [(script: String, message: String)] = [
    ("('x'):find(('()'):rep(33))", "too many captures"),
    ("('x'):find '[a'", "malformed pattern (missing ']')"),
    ("('x'):find ')'", "invalid pattern capture"),
    ("('x'):find '%'", "malformed pattern (ends with '%')"),
    ("('x'):find '%b'", "malformed pattern (missing arguments to '%b')"),
    ("('x'):find '%f'", "missing '[' after '%f' in pattern"),
    ("('x'):find '%1'", "invalid capture index %1"),
    ("('x'):find '('", "unfinished capture"),
    ("('x'):gsub('x', '%2')", "invalid capture index %2 in replacement string"),
    ("('x'):gsub('x', '%a')", "invalid use of '%' in replacement string"),
    ("('x'):gsub('x', function() return {} end)", "invalid replacement value (a table)"),
    (
      "table.concat({}, '', 1, 1 << 40)",
      "table.concat: more than 10000000 elements at once are not available to restricted code"
    ),
    ("table.insert(3)", "bad argument #1 to 'table.insert' (table expected, got number)"),
    (
      "table.sort(setmetatable({}, { __len = function() return 1 end }))",
      "table.sort: tables with a __len metamethod are not available to restricted code"
    ),
    ("math.randomseed()", "math.randomseed needs a seed here"),
    ("setmetatable({}, { __gc = print })", "a __gc metamethod is not available to restricted code"),
    ("collectgarbage()", "collectgarbage takes only 'count' here"),
    ("os.exit()", "'os.exit' is not available to restricted code"),
    ("load('x', 'x', 'b')", "attempt to load a text chunk (mode is 'b')"),
  ]

  @Test(arguments: scripts.indices) func confinedCodeIsToldWhatItMayNot(_ index: Int) throws {
    let row = Self.scripts[index]
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      let sandbox = try LuaSandbox(lua, files: FileRoots(), output: .standardError)
      let script = row.script.hasPrefix("load") ? "error(select(2, \(row.script)))" : row.script

      let error = #expect(throws: LuaError.self) {
        try sandbox.run(Array(script.utf8), name: "@plugin.lua")
      }

      #expect(error?.message == "plugin.lua:1: \(row.message)")
    }
  }

  @Test func pathsOutsideTheRootsAreExplained() throws {
    let folder = try Scratch()
    try folder.write("", to: "in/file")
    let root = try FileRoots(read: [folder.path("in")]).resolve(folder.path("in"), for: .read)
    let none = folder.path("none") + "/.."
    func expect(_ message: String, _ call: () throws -> Void) {
      #expect(#expect(throws: LuaUsageError.self, performing: call)?.description == message)
    }

    expect(
      "'/etc/passwd' is outside the folders that this code may read (\(root)). "
        + "Move the file there, or name its folder as a root."
    ) { _ = try FileRoots(read: [root]).resolve("/etc/passwd", for: .read) }
    expect(
      "'/etc/passwd' is outside the folders that this code may write (none). "
        + "Move the file there, or name its folder as a root."
    ) { _ = try FileRoots(read: [root]).resolve("/etc/passwd", for: .write) }
    expect("the path '\(none)' is in no folder that is there. Make its folder first.") {
      _ = try FileRoots().adding(read: [none])
    }
    expect("the root '\(none)' is not a folder. Give the path of a folder that is there.") {
      _ = try FileRoots(read: [none])
    }
  }

  @Test func whatOutlivesItsScriptIsExplained() throws {
    var sandbox: LuaSandbox?
    var function: LuaValue = .nil
    do {
      let lua = try Fixture.state()
      try withExtendedLifetime(lua) {
        sandbox = try LuaSandbox(lua, files: FileRoots(), output: .standardError)
        function = try lua.evaluate("return function() end", name: "=f")
      }
    }
    guard case .function(let reference) = function else {
      Issue.record("no function")
      return
    }

    let closed = #expect(throws: LuaUsageError.self) { try sandbox?.run([], name: "=x") }
    let ended = #expect(throws: LuaUsageError.self) { try reference.call([]) }

    #expect(closed?.description == "the Lua state of this sandbox is closed")
    #expect(ended?.description == "the script of this function has ended")
  }
}
