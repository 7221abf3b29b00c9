import Foundation
import LuaRuntime
import TestSupport
import Testing
import Workbench

/// Runs `augq` so that nothing a script does can hang the tests: in a child that is killed after a minute.
func guardedRun(
  _ arguments: [String], in folder: Scratch, limits: ProcessLimits = ProcessLimits(), seconds: Double = 90
) throws -> (status: Int32, limit: ResultChannel.Limit?, output: String, errors: String) {
  let outcome = try IsolatedProcess(
    arguments, limits: limits, seconds: seconds, folder: folder.url.path,
    executable: AugqProcess.executable.path
  ).run()
  var status: Int32 = -1
  if case .exited(let code) = outcome.ending { status = code }
  return (
    status, outcome.limit, String(decoding: outcome.output, as: UTF8.self),
    String(decoding: outcome.errors, as: UTF8.self)
  )
}

@Suite struct SandboxProfileTests {
  @Test(arguments: HostileRecipe.all)
  func hostileRecipesEndAsTheirProfilePromises(_ recipe: HostileRecipe) throws {
    let folder = try Scratch()
    try folder.write(recipe.script, to: "recipe.lua")

    for profile in recipe.profiles {
      let arguments = ["run", "--profile", profile.rawValue] + recipe.options + ["recipe.lua"]
      let outcome = try guardedRun(arguments, in: folder)

      #expect(
        outcome.status == recipe.code, "\(profile): \(outcome.limit as Any) \(outcome.errors.prefix(500))")
      #expect(
        recipe.expectedMessage.isEmpty || outcome.errors.contains(recipe.expectedMessage),
        "\(profile): \(outcome.errors.prefix(500))")
    }
  }

  /// LUA.md 2.2, one by one: what restricted code gets when it asks for more.
  static let denials: [(script: String, message: String)] =
    [
      "os.execute", "os.exit", "os.rename", "os.tmpname", "os.getenv", "os.setlocale",
      "io.popen",
      "io.tmpfile", "io.input", "io.output", "io.read", "string.dump", "debug.getinfo", "debug.sethook",
      "debug.getregistry", "debug.getupvalue", "debug.setupvalue", "debug.getlocal", "debug.setmetatable",
      "debug.getmetatable", "debug.upvaluejoin", "coroutine.close", "warn",
    ].map { (script: "\($0)('x')", message: "recipe.lua:1: '\($0)' is not available to restricted code\n") }
    + [
      ("package.loadlib('x', 'y')", "recipe.lua:1: global 'package' is not defined. Check its spelling.\n"),
      ("collectgarbage 'stop'", "recipe.lua:1: collectgarbage takes only 'count' here\n"),
      ("collectgarbage()", "recipe.lua:1: collectgarbage takes only 'count' here\n"),
      ("math.randomseed()", "recipe.lua:1: math.randomseed needs a seed here\n"),
      ("assert(load('\\27Lua'))", "recipe.lua:1: attempt to load a binary chunk (mode is 't')\n"),
      ("assert(load('\\27Lua', 'x', 'b'))", "recipe.lua:1: attempt to load a text chunk (mode is 'b')\n"),
      ("('').dump(print)", "recipe.lua:1: 'string.dump' is not available to restricted code\n"),
      ("getmetatable('').__index = nil", "recipe.lua:1: attempt to index a boolean value\n"),
      ("getmetatable(io.stdout).__index = nil", "recipe.lua:1: attempt to index a boolean value\n"),
      ("getmetatable(_G).__index = nil", "recipe.lua:1: attempt to index a boolean value\n"),
      (
        "getmetatable(require 'augq'.tensor.zeros { 1 }).__gc()",
        "recipe.lua:1: attempt to index a boolean value\n"
      ),
      (
        "require '../secret'",
        "'../secret' is no module name; write letters, digits, _ and dots between them\n"
      ),
      (
        "require 'inner.secret'",
        "module 'inner.secret' is not in .. Restricted code finds modules below its folders only.\n"
      ),
      (
        "assert(loadfile '/etc/passwd')",
        "recipe.lua:1: '/etc/passwd' is outside the folders that this code may read ("
      ),
      ("dofile '/etc/passwd'", "'/etc/passwd' is outside the folders that this code may read ("),
      (
        "io.lines '/etc/passwd'",
        "recipe.lua:1: '/etc/passwd' is outside the folders that this code may read ("
      ),
      (
        "assert(io.open('new.txt', 'w'))",
        "recipe.lua:1: 'new.txt' is outside the folders that this code may write (none). "
      ),
      (
        "assert(os.remove 'recipe.lua')",
        "recipe.lua:1: 'recipe.lua' is outside the folders that this code may write (none). "
      ),
      (
        "assert(io.open('recipe.lua', 'r+'))",
        "recipe.lua:1: 'recipe.lua' is outside the folders that this code may write (none). "
      ),
      (
        "assert(io.open('link.lua'))",
        "recipe.lua:1: 'link.lua' is outside the folders that this code may read ("
      ),
      ("assert(io.open('pipe'))", "recipe.lua:1: 'pipe' is a pipe or a device. Name a file.\n"),
      ("error('/etc/passwd:1: look', 0)", "augq: /etc/passwd:1: look\nstack traceback:\n"),
    ]

  @Test(arguments: denials)
  func restrictedCodeIsRefused(script: String, message: String) throws {
    let outer = try Scratch()
    try outer.write("error 'outside'", to: "secret.lua")
    let folder = try Scratch()
    try folder.write(script, to: "recipe.lua")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link.lua"), withDestinationPath: outer.path("secret.lua"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("inner"), withDestinationPath: outer.url.path)
    mkfifo(folder.path("pipe"), 0o600)

    let outcome = try guardedRun(
      ["run", "--profile", "restricted", "--time", "20", "recipe.lua"], in: folder)

    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  /// The allow-list, written down: a function that a later Lua adds is not here.
  @Test func restrictedCodeHasTheseFunctionsOnly() throws {
    let folder = try Scratch()
    try folder.write(
      """
      local names = {}
      local function list(prefix, library)
        for name, value in next, library do
          if type(value) == "function" then
            local ok, message = pcall(value, nil)
            if ok or not tostring(message):find "is not available to restricted code" then names[#names + 1] = prefix .. name end
          elseif type(value) == "table" and value ~= _G then
            list(name .. ".", value)
          end
        end
      end
      list("", _G)
      table.sort(names)
      io.stderr:write(table.concat(names, " "))
      """, to: "recipe.lua")

    let outcome = try guardedRun(["run", "--profile", "restricted", "recipe.lua"], in: folder)

    #expect(
      outcome.errors == """
        assert collectgarbage coroutine.create coroutine.isyieldable coroutine.resume coroutine.running \
        coroutine.status coroutine.wrap coroutine.yield debug.traceback dofile error getmetatable io.close io.lines \
        io.open io.type io.write ipairs load loadfile math.abs math.acos math.asin math.atan math.ceil math.cos \
        math.deg math.exp math.floor math.fmod math.log math.max math.min math.modf math.rad math.random \
        math.randomseed math.sin math.sqrt math.tan math.tointeger math.type math.ult next os.clock os.date \
        os.difftime os.remove os.time pairs pcall print rawequal rawget rawlen rawset require select setmetatable string.byte \
        string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match \
        string.pack string.packsize string.rep string.reverse string.sub string.unpack string.upper table.concat \
        table.insert table.move table.pack table.remove table.sort table.unpack tonumber tostring type utf8.char \
        utf8.codepoint utf8.codes utf8.len utf8.offset xpcall
        """)
  }

  /// Ordinary recipes run in every profile alike.
  @Test(arguments: SandboxPolicy.Profile.allCases)
  func ordinaryRecipesRunInEveryProfile(profile: SandboxPolicy.Profile) throws {
    let folder = try Scratch()
    try folder.write(
      "#!/usr/bin/env augq\nreturn { double = function(x) return 2 * x end }", to: "helper.lua")
    try folder.write(
      "local augq = require 'augq' local g = augq.graph { 2 } g:linear(g.input, { features = 1 }) return g",
      to: "net.lua")
    try folder.write(
      """
      local augq, helper = require "augq", require "helper"
      assert(arg[0] == "recipe.lua" and arg[1] == "--x" and #arg == 1)
      assert(helper.double(4) == 8 and helper == require "helper")
      local list = { 3, 1, 2 }
      table.sort(list)
      table.sort(list, function(a, b) return a > b end)
      table.insert(list, 1, 4)
      assert(table.concat(list, ",") == "4,3,2,1" and table.remove(list, 1) == 4 and table.remove(list) == 1)
      assert(("abc"):gsub("b", { b = "x" }) == "axc" and ("a,b"):match "(%a),(%a)" == "a")
      local model = augq.build "net"
      model:save "out/model"
      local input = augq.tensor.zeros { 1, 2 }
      assert(augq.load "out/model":forward(input):min() == model:forward(input):min())
      local file <close> = assert(io.open("out/note.txt", "w"))
      file:write "kept"
      file:close()
      for line in io.lines "out/note.txt" do assert(line == "kept") end
      assert(os.remove "out/note.txt" and not io.open "out/note.txt")
      assert(augq.granularity.pwlq and not pcall(function() return augq.granularity.nothing end))
      local ok, message = coroutine.resume(coroutine.create(function() error "inner" end))
      assert(not ok and message:find "recipe.lua:%d+: inner$")
      assert(load "return 1 + 1"() == 2)
      print "done"
      """, to: "recipe.lua")
    try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: true)

    let roots = profile == .trusted ? [] : ["--root", "out"]
    let outcome = try guardedRun(
      ["run", "--profile", profile.rawValue] + roots + ["recipe.lua", "--x"], in: folder)

    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output == "done\n")
  }

  @Test func randomNumbersOfRestrictedCodeRepeat() throws {
    let folder = try Scratch()
    try folder.write("print(math.random(1 << 40), math.random())", to: "recipe.lua")

    let outputs = try (0..<2).map { _ in
      try guardedRun(["run", "--profile", "restricted", "recipe.lua"], in: folder).output
    }

    #expect(outputs[0] == outputs[1] && outputs[0].count > 5)
  }

  @Test func optionsAreChecked() throws {
    let folder = try Scratch()
    try folder.write("print 1", to: "recipe.lua")
    let rows: [(options: [String], status: Int32, message: String)] = [
      (
        ["--root", "."], 64,
        "--root and --read-root bound untrusted recipes; add --profile restricted or isolated."
      ),
      (["--instructions", "0"], 64, "--instructions is 0; give a number above 0."),
      (["--profile", "free"], 64, "free"),
      (
        ["--profile", "restricted", "--root", "nowhere"], 1,
        "augq: the root 'nowhere' is not a folder. Give the path of a folder that is there.\n"
      ),
    ]

    for row in rows {
      let outcome = try guardedRun(["run"] + row.options + ["recipe.lua"], in: folder)
      #expect(outcome.status == row.status && outcome.errors.contains(row.message), "\(outcome.errors)")
    }
  }
}
