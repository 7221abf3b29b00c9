import Foundation
import LuaRuntime
import TestSupport
import Testing

@testable import Bindings

/// What plugins may do: each runs in a sandbox of its own, with the files that somebody hands to it.
@Suite struct PluginConfinementTests {
  private let scratch: Scratch
  private let lua: LuaState

  init() throws {
    scratch = try Scratch()
    let session = Session(
      scriptPath: "test.lua", arguments: [], pluginFolders: [scratch.path("plugins"), PluginTests.folder])
    lua = try LuaState(memoryLimit: 1 << 30)
    lua.register(Library.module(session))
    try lua.run("augq = require 'augq'", name: "=setup")
  }

  private func plugin(_ text: String, _ path: String) throws {
    try scratch.write(text, to: "plugins/\(path)")
  }

  /// The text of the error that a chunk ends with.
  private func problem(_ chunk: String) -> String {
    do {
      _ = try lua.evaluate(chunk, name: "=chunk")
      return "no error"
    } catch {
      return (error as? LuaError)?.message ?? "\(error)"
    }
  }

  private static let images = "augq.data.of(augq.tensor.zeros { 2, 4, 4, 1 }, { 0, 1 }, { classes = 2 })"

  @Test func globalsOfARecipeAreNotSeenAndNotChanged() throws {
    try plugin(
      """
      string.format = nil
      math.pi = 3
      return { render = function() return tostring(rawget(_G, "secret")) .. tostring(rawget(_G, "augq")) end }
      """, "report/nosy.lua")

    let chunk = """
      secret = "open"
      local text = augq.table({ { "a", "text" } }):render "nosy"
      return text .. string.format(" %.2f", math.pi)
      """
    #expect(try lua.evaluate(chunk, name: "=chunk").text == "nilnil 3.14")
  }

  static let escapes: [(body: String, message: String)] = [
    (
      "return assert(io.open('/etc/passwd'))",
      "'/etc/passwd' is outside the folders that this code may read"
    ),
    ("return os.execute 'true'", "'os.execute' is not available to restricted code"),
    ("return io.popen 'ls'", "'io.popen' is not available to restricted code"),
    ("return require 'os'.getenv 'HOME'", "'os.getenv' is not available to restricted code"),
    (
      "return augq.load '/etc/passwd'",
      "'/etc/passwd.safetensors' is outside the folders that this code may read"
    ),
    ("return package.loadlib", "'package'"),
    (
      "return assert(io.open(folder .. '/note', 'w'))",
      "is outside the folders that this code may write (none)"
    ),
    ("return ('x'):rep(1 << 30)", "not enough memory"),
    ("return augq.tensor.zeros { 1 << 30 }", "not enough memory"),
  ]

  @Test(arguments: escapes.indices) func pluginsDoNotLeaveTheirFolder(_ index: Int) throws {
    let row = Self.escapes[index]
    let folder = scratch.path("plugins/report")
    try plugin(
      """
      local augq, folder = require "augq", "\(folder)"
      return function() \(row.body) end
      """, "report/mine.lua")

    let found = problem("return augq.table({ { 'a', 'text' } }):render 'mine'")

    #expect(found.contains(row.message), "\(found)")
    #expect(try lua.evaluate("return 6 * 7", name: "=after").integer == 42)
  }

  private func reader(permissions: String) -> String {
    """
    local augq = require "augq"
    return {
      options = { file = { "", "the file" } }, \(permissions)
      load = function(options)
        local file <close> = assert(io.open(options.file))
        return \(Self.images)
      end,
    }
    """
  }

  @Test func anOptionHandsAFileToAPluginThatAsksForIt() throws {
    try scratch.write("x", to: "images.bin")
    try plugin(reader(permissions: ""), "dataset/closed.lua")
    try plugin(reader(permissions: "permissions = { fs_read = { 'option:file' } },"), "dataset/open.lua")
    let path = scratch.path("images.bin")

    #expect(problem("augq.data.open { file = '\(path)' }") == "no error")
    let refused = problem("augq.data.closed { file = '\(path)' }")
    #expect(refused.contains("'\(path)' is outside the folders that this code may read"), "\(refused)")
    // What is handed over is that file, for that call.
    let other = problem("augq.data.open { file = '\(path)' } return augq.data.open {}")
    #expect(other.contains("'' is outside"), "\(other)")
  }

  /// A plugin without rights cannot use one that has some as its arm.
  @Test func aPluginHandsOnOnlyWhatItHas() throws {
    try scratch.write("x", to: "images.bin")
    let path = scratch.path("images.bin")
    try plugin(reader(permissions: "permissions = { fs_read = { 'option:file' } },"), "dataset/open.lua")
    try plugin(
      "return function() return require 'augq'.data.open { file = '\(path)' } end", "dataset/sly.lua")

    let refused = problem("augq.data.sly()")

    #expect(refused.contains("'\(path)' is outside the folders that this code may read"), "\(refused)")
  }

  @Test func anExportWritesItsFileAndNoOther() throws {
    let network = "augq.build(augq.model.tiny_cnn {})"
    let path = scratch.path("out.txt")
    try plugin(
      "return function(_, path) local f <close> = assert(io.open(path, 'w')) f:write 'abc' return 3 end",
      "export/good.lua")
    try plugin(
      "return function(_, path) local f <close> = assert(io.open(path .. '.too', 'w')) return 0 end",
      "export/bad.lua")

    #expect(problem("augq.export(\(network), '\(path)', { format = 'good' })") == "no error")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "abc")
    let refused = problem("augq.export(\(network), '\(path)', { format = 'bad' })")
    #expect(refused.contains("'\(path).too' is outside the folders that this code may write"), "\(refused)")
    #expect(try scratch.names() == ["out.txt", "plugins"])
  }

  @Test func aPackageWritesInItsDataFolderWhereItSaysSo() throws {
    let folder = scratch.path("plugins/mine")
    func makePackage(_ permissions: String, _ path: String) throws {
      try plugin(
        "return function() local f <close> = assert(io.open('\(folder)/\(path)', 'w')) return 'kept' end",
        "mine/report/keeps.lua")
      try plugin(
        """
        return { name = "mine", version = "1.0.0", api = ">=1.0 <2", provides = { report = { "keeps" } },
          permissions = { \(permissions) } }
        """, "mine/plugin.lua")
    }
    try scratch.write("", to: "plugins/mine/data/there")
    let call = "augq.table({ { 'a', 'text' } }):render 'keeps'"

    try makePackage("fs_write = { 'data' }", "data/cache")
    #expect(problem(call) == "no error")
    try makePackage("fs_write = { 'data' }", "report/keeps.lua")
    #expect(problem(call).contains("/report/keeps.lua' is outside the folders that this code may write"))
    try makePackage("", "data/cache")
    #expect(problem(call).contains("is outside the folders that this code may write (none)"))
    try makePackage("fs_write = { 'report' }", "report/x")
    #expect(
      problem(call)
        == "chunk:1: \(folder)/plugin.lua: permission 'fs_write' names \"report\"; a package writes below its folder data, and what options name (\"option:NAME\")"
    )
  }

  /// Defaults are the plugin's own words.
  @Test func defaultsHandNothingOver() throws {
    try scratch.write("x", to: "secret.bin")
    let path = scratch.path("secret.bin")
    let text = reader(permissions: "permissions = { fs_read = { 'option:file' } },")
      .replacingOccurrences(of: "file = { \"\",", with: "file = { \"\(path)\",")
    try plugin(text, "dataset/sly.lua")

    #expect(problem("augq.data.sly()").contains("'\(path)' is outside the folders that this code may read"))
    #expect(problem("augq.data.sly { file = '\(path)' }") == "no error")
  }

  /// A function that a plugin hands out runs in its sandbox, whoever calls it.
  @Test func functionsThatLeaveASandboxKeepIt() throws {
    let text = "return \(Self.images), { images = function() return os.execute 'true' end }"
    try plugin("local augq = require 'augq'\nreturn function() \(text) end", "dataset/mine.lua")
    let path = scratch.path("plugins/dataset/mine.lua")

    #expect(
      problem("augq.data.mine()")
        == "chunk:1: \(path): load returned a table; expected nil or an augq.Dataset as the second")
    let sandbox = try LuaSandbox(lua, files: FileRoots())
    let made = try sandbox.run(
      Array("return function(n) return n + 1, pcall(os.execute, 'true') end".utf8), name: "=made")
    try lua.setGlobal("made", made)
    #expect(try lua.evaluate("return made(41)", name: "=outer").integer == 42)
    let inner = try sandbox.run(
      Array("return function() return (io.open '/etc/passwd') == nil end".utf8), name: "=i")
    try lua.setGlobal("made", inner)
    #expect(try lua.evaluate("return made()", name: "=outer").boolean == true)
  }

  @Test func linksInAFolderOfImagesAreLeftOut() throws {
    try plugin(
      """
      local augq = require "augq"
      return function() return augq.data.image_folder("\(scratch.path("plugins/dataset/images"))") end
      """, "dataset/mine.lua")
    try scratch.write("private", to: "private.png")
    try scratch.write("", to: "plugins/dataset/images/0/.keep")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("plugins/dataset/images/0/a.png"), withDestinationPath: scratch.path("private.png")
    )

    #expect(problem("augq.data.mine()").contains("none of its 1 folders holds a .jpg, .jpeg or .png file"))
  }

  static let permissions: [(text: String, message: String)] = [
    ("{ fs_reed = {} }", "there is no permission 'fs_reed'. Did you mean 'fs_read'?"),
    ("{ fs_read = '/' }", "permission 'fs_read' is a string \"/\"; expected a list of paths"),
    (
      "{ fs_read = { '/etc' } }",
      "permission 'fs_read' names \"/etc\", outside the plugin's folder. Make the path an option, and write \"option:NAME\"."
    ),
    (
      "{ fs_write = { 'a/../..' } }",
      "permission 'fs_write' names \"a/../..\", outside the plugin's folder. Make the path an option, and write \"option:NAME\"."
    ),
    (
      "{ fs_read = { 'option:fle' } }",
      "permission 'fs_read' names option 'fle', which there is not. Did you mean 'file'?"
    ),
    (
      "{ fs_write = { 'data' } }",
      "only a package writes in its folder; make a folder with a plugin.lua, or name an option"
    ),
    ("{ native = 1 }", "permission 'native' is 1; expected true or false"),
    ("{ native = true }", "only a package brings native code; make a folder with a plugin.lua"),
    ("7", "field 'permissions' is 7; expected a table"),
  ]

  @Test(arguments: permissions.indices) func permissionsThatCannotBeGivenAreTold(_ index: Int) throws {
    let row = Self.permissions[index]
    try plugin(reader(permissions: "permissions = \(row.text),"), "dataset/mine.lua")
    let path = scratch.path("plugins/dataset/mine.lua")

    #expect(problem("augq.data.mine()") == "chunk:1: \(path): \(row.message)")
  }

  static let requirements: [(requires: String, message: String)] = [
    ("{ other = '>=1.0 <2' }", "no error"),
    ("{ other = '1.2.0' }", "no error"),
    (
      "{ other = '>=2' }",
      "needs package 'other' >=2, but version 1.2.0 is there. Install it beside this one."
    ),
    ("{ third = '>=2' }", "needs package 'third' >=2, but there is none. Install it beside this one."),
    ("{ other = 'new' }", "'requires.other' is a string \"new\"; expected terms such as \">=1.0 <2\""),
    ("{ other = 2 }", "'requires.other' is 2; expected terms such as \">=1.0 <2\""),
    ("'other'", "field 'requires' is a string \"other\"; expected { other = \">=1.0 <2\" }"),
  ]

  @Test(arguments: requirements.indices) func packagesAreThereInTheVersionsThatOthersNeed(_ index: Int) throws
  {
    let row = Self.requirements[index]
    for (name, version, requires) in [
      ("other", "1.2.0", ""), ("mine", "0.1.0", ", requires = \(row.requires)"),
    ] {
      try plugin("return { render = function() return 'x' end }", "\(name)/report/\(name)_text.lua")
      try plugin(
        """
        return { name = "\(name)", version = "\(version)", api = ">=1.0 <2"\(requires),
          provides = { report = { "\(name)_text" } } }
        """, "\(name)/plugin.lua")
    }
    let manifest = scratch.path("plugins/mine/plugin.lua")

    let found = problem("augq.table({ { 'a', 'text' } }):render 'mine_text'")

    #expect(found == (row.message == "no error" ? row.message : "chunk:1: \(manifest): \(row.message)"))
  }
}
