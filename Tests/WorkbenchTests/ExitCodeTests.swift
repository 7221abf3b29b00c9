import Foundation
import TestSupport
import Testing

/// A recipe, the code its process ends with, and the beginning of what it prints on standard error.
struct Ending: Sendable, CustomStringConvertible {
  let script: String
  let status: Int32
  let errors: String
  var options: [String] = []
  var description: String { script }
}

@Suite struct ExitCodeTests {
  static let endings = [
    Ending(script: "print 'fine'", status: 0, errors: ""),
    Ending(script: "os.exit(7)", status: 7, errors: ""),
    Ending(
      script: "local f, message = load(string.dump(function() end)) assert(not f) error(message)", status: 1,
      errors: "augq: recipe.lua:1: attempt to load a binary chunk (mode is 't')\n"),
    Ending(
      script:
        "assert(load('return 1 + 1')() == 2) local x = {} assert(load('y = 3', 'c', 't', x)) load('y = 3', 'c', 'b', x)() "
        + "assert(x.y == 3)", status: 0, errors: ""),
    Ending(
      script: "local t = {} t[1] = t require 'augq'.tensor.zeros(t)", status: 1,
      errors: "augq: recipe.lua:1: a table is nested more than 16 deep, or holds itself\n"),
    Ending(
      script: "local x = 1\nerror 'broken'", status: 1,
      errors: "augq: recipe.lua:2: broken\n  error 'broken'\n  ^\nstack traceback:\n"),
    Ending(
      script: "local x = 1\nerror { code = 2 }", status: 1,
      errors: "augq: recipe.lua:2: the error raised is a table, not a text\n"),
    Ending(
      script: "error()", status: 1, errors: "augq: recipe.lua:1: the error raised is a nil, not a text\n"),
    Ending(
      script: "error(setmetatable({}, { __tostring = function() return 'own' end }))", status: 1,
      errors: "augq: own\n"),
    Ending(
      script: "error(setmetatable({}, { __tostring = error }))", status: 1, errors: "augq: C stack overflow\n"
    ),
    Ending(script: "local x = = 2", status: 1, errors: "augq: recipe.lua:1: unexpected symbol near '='\n"),
    Ending(
      script: "misspelt()", status: 1,
      errors: "augq: recipe.lua:1: global 'misspelt' is not defined. Check its spelling.\n"),
    Ending(
      script: "local function f() leaked = 1 end f()", status: 1,
      errors: "augq: recipe.lua:1: 'leaked' is assigned but not declared. Write 'local leaked'.\n"),
    Ending(
      script: "require 'augq'.params { n = { 3, 'a number', 1, 5 } }", status: 64,
      errors: "augq: the value of --n is '9'; expected an integer in 1 ... 5\n", options: ["--n", "9"]),
    Ending(
      script: "require 'augq'.params { n = { 3, 'a number' } }", status: 64,
      errors: "augq: unknown option '--m'. Did you mean '--n'?\n", options: ["--m", "9"]),
    Ending(
      script: "require 'augq'.params { n = { true, 'a switch' } }", status: 64,
      errors: "augq: the recipe takes no word 'more'; options begin with --, and --help lists them\n",
      options: ["--n", "false", "more"]),
    Ending(
      script:
        "local o, r = require 'augq'.params({ n = { true, 'a switch' } }, 'FILE') assert(not o.n and r[1] == 'more')",
      status: 0, errors: "", options: ["--n", "false", "more"]),
    Ending(
      script:
        "local p = require 'augq'.params { n = { false, 'a switch' }, m = { 1, 'm' } } assert(p.n and p.m == 2)",
      status: 0, errors: "", options: ["--n", "--m", "2"]),
    Ending(
      script: "local f = io.open('net.pth', 'w') f:write 'x' f:close() require 'augq'.load 'net.pth'",
      status: 65,
      errors:
        "augq: recipe.lua:1: net.pth is a Python pickle of PyTorch, which runs code when it is read. Convert it where "
        + "PyTorch is installed: python3 -c"),
    Ending(
      script: "local f = io.open('net.safetensors', 'w') f:close() require 'augq'.load 'net.safetensors'",
      status: 1,
      errors:
        "augq: recipe.lua:1: 'net.safetensors' has values but no architecture; give augq.load a graph, such as "
        + "augq.model.resnet { depth = 18 }, and the option weights = \"net.safetensors\", or the path without extension "
        + "when its model file is beside it\n"),
    Ending(
      script: "require 'augq'.load 'net.pth'", status: 66,
      errors: "augq: recipe.lua:1: cannot read net.pth.lua: No such file or directory. Check the path.\n"),
    Ending(
      script: "require 'augq'.data.fashion_mnist { folder = 'nowhere' }", status: 66,
      errors:
        "augq: recipe.lua:1: cannot read nowhere/train-images-idx3-ubyte.gz: No such file or directory. Install it with "
        + "'apt-get install dataset-fashion-mnist', or set AUGQ_FASHION_MNIST to the folder with the four IDX files.\n"
    ),
    Ending(
      script: "require 'augq'.load 'nothing'", status: 66,
      errors: "augq: recipe.lua:1: cannot read nothing.lua: No such file or directory. Check the path.\n"),
    Ending(
      script: "local g = require 'augq'.graph { 2 } g:linear(g.input, { features = 1 })\n"
        + "require 'augq'.build(g):save 'no/such/folder/model'", status: 73,
      errors: "augq: recipe.lua:2: cannot write no/such/folder/model.safetensors: No such file or directory. "
        + "Nothing was changed; check the folder and the free space.\n"),
    Ending(
      script:
        "io.open('bad.augq', 'w'):write('not a model at all'):close() require 'augq'.load_engine 'bad.augq'",
      status: 65,
      errors:
        "augq: recipe.lua:1: bad.augq: not a packed model: the first bytes are [110, 111, 116, 32], expected 'AUGQ'. "
    ),
    Ending(
      script: "require 'augq'.load 'nothing.onnx'", status: 66,
      errors: "augq: recipe.lua:1: cannot read nothing.onnx: No such file or directory. Check the path.\n"),
    Ending(
      script: "io.open('bad.onnx', 'w'):write('not a model at all'):close() require 'augq'.load 'bad.onnx'",
      status: 65,
      errors: "augq: recipe.lua:1: "),
    // A hard sigmoid of an image of 4 channels, 5x6: the imported network runs, and comes back from our own files.
    Ending(
      script: """
        local hex = "08083a380a130a0178120179220b486172645369676d6f69645a1c0a017812170a15080112110a0312014e0a0208040a0208050a02080662030a01794202100b"
        io.open('m.onnx', 'w'):write((hex:gsub('..', function(h) return string.char(tonumber(h, 16)) end))):close()
        local augq = require 'augq'
        local x = augq.tensor.zeros { 2, 5, 6, 4 }
        local model = augq.load 'm.onnx'
        model:save 'copy'
        local copy = augq.load 'copy'
        assert(model:forward(x):min() == 0.5 and copy:forward(x):max() == 0.5)
        """, status: 0, errors: ""),
    Ending(
      script: "while true do end", status: 124,
      errors: "augq: stopped after the time limit of 0.3 s. Raise --time.\n",
      options: ["--time", "0.3"]),
    Ending(
      script: "local t = {} for i = 1, 1e9 do t[i] = {} end", status: 125, errors: "augq: not enough memory",
      options: ["--memory", "32M"]),
    Ending(
      script: "local t = {} for i = 1, 1e9 do t[i] = require 'augq'.tensor.zeros { 1024, 1024 } end",
      status: 125,
      errors: "augq: recipe.lua:1: not enough memory for 4194304 bytes of a tensor 1024x1024. "
        + "Raise --memory or keep less alive.\n", options: ["--memory", "32M"]),
  ]

  @Test(arguments: endings)
  func endsWithTheDocumentedCodeAndMessage(_ ending: Ending) throws {
    let folder = try Scratch()
    try folder.write(ending.script, to: "recipe.lua")
    let isLimit = ending.options.first == "--time" || ending.options.first == "--memory"
    let arguments =
      ["run"] + (isLimit ? ending.options : []) + ["recipe.lua"] + (isLimit ? [] : ending.options)

    let outcome = try AugqProcess.run(arguments, in: folder.url)

    #expect(outcome.status == ending.status, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix(ending.errors), "\(outcome.errors)")
    #expect(ending.status != 0 || outcome.errors.isEmpty)
  }

  @Test func missingScriptEndsWith66() throws {
    let outcome = try AugqProcess.run(["run", "no/such/recipe.lua"])

    #expect(outcome.status == 66)
    #expect(
      outcome.errors == "augq: cannot read no/such/recipe.lua: No such file or directory. Check the path.\n")
  }

  @Test func unknownCommandEndsWith64() throws {
    #expect(try AugqProcess.run(["rum", "x.lua"]).status == 64)
  }

  @Test func argumentsReachTheScriptAndOutputIsOnlyData() throws {
    let folder = try Scratch()
    try folder.write("print(arg[0], #arg, arg[1], arg[2], arg[3])", to: "recipe.lua")

    let outcome = try AugqProcess.run(
      ["run", "--threads", "1", "recipe.lua", "--json", "-x", "a b"], in: folder.url)

    #expect(outcome.output == "recipe.lua\t3\t--json\t-x\ta b\n")
    #expect(outcome.errors.isEmpty)
  }

  @Test(arguments: ["print(('x'):rep(1 << 20))", "print 'short'", "print 'short' error 'broken'"])
  func outputThatIsLostEndsWith73(script: String) throws {
    let folder = try Scratch()
    try folder.write(script, to: "recipe.lua")
    let process = Process()
    process.executableURL = AugqProcess.executable
    process.arguments = ["run", "recipe.lua"]
    process.currentDirectoryURL = folder.url
    let errors = Pipe()
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
    process.standardError = errors
    try process.run()
    process.waitUntilExit()

    let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let reasons = ["No space left on device", "some of it was refused"]
    let messages = reasons.map {
      "augq: cannot write standard output: \($0). What it holds is not complete; check the free space.\n"
    }
    #expect(messages.contains { message.hasPrefix($0) }, "\(message)")
    #expect(process.terminationStatus == (script.contains("error") ? 1 : 73))
  }

  @Test func namesOfNodesSurviveAModelFile() throws {
    let folder = try Scratch()
    try folder.write(
      #"""
      local augq = require "augq"
      local g = augq.graph { 2 }
      g:relu(g.input, { name = 'a"b\\\n]] é' })
      augq.build(g):save "odd"
      augq.load "odd":save "again"
      local first, second = io.open "odd.lua":read "a", io.open "again.lua":read "a"
      assert(first == second and first:find([==[name = "a\034b\092\010]] \195\169"]==], 1, true), first)
      """#, to: "recipe.lua")

    let outcome = try AugqProcess.run(["run", "recipe.lua"], in: folder.url)

    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func modulesBesideTheScriptAreFound() throws {
    let folder = try Scratch()
    try folder.write("return { answer = 42 }", to: "sub/helper.lua")
    try folder.write("print(require('helper').answer)", to: "sub/recipe.lua")

    #expect(try AugqProcess.run(["run", "sub/recipe.lua"], in: folder.url).output == "42\n")
  }

  @Test func errorsOfModulesShowTheirLine() throws {
    let folder = try Scratch()
    try folder.write("local M = {}\n  function M.raise() error 'raised' end\nreturn M\n", to: "helper.lua")
    try folder.write("require 'helper'.raise()", to: "recipe.lua")

    let outcome = try AugqProcess.run(["run", "recipe.lua"], in: folder.url)

    #expect(
      outcome.errors == """
        augq: ./helper.lua:2: raised
            function M.raise() error 'raised' end
            ^
        stack traceback:
        \t[C]: in function 'error'
        \t./helper.lua:2: in function 'helper.raise'
        \trecipe.lua:1: in main chunk

        """)
  }

  /// Ctrl-C stops Lua and native kernels; the bound is far below the run's own length, not a measurement.
  @Test(arguments: [
    "io.stdout:write('ready\\n') io.stdout:flush() while true do pcall(function() while true do end end) end",
    """
    local augq = require 'augq'
    local g = augq.graph { 28, 28, 1 }
    local x = g:conv2d(g.input, { filters = 64, kernel = 5 })
    for i = 1, 6 do x = g:conv2d(x, { filters = 64, kernel = 3, padding = 1 }) end
    g:linear(g:flatten(g:global_average_pool(x)), { features = 10 })
    local model, images = augq.build(g), augq.tensor.zeros { 4000, 28, 28, 1 }
    io.stdout:write('ready\\n') io.stdout:flush()
    while true do model:forward(images) end
    """,
  ])
  func interruptEndsWith130(script: String) throws {
    let folder = try Scratch()
    try folder.write(script, to: "recipe.lua")
    let process = Process()
    process.executableURL = AugqProcess.executable
    process.arguments = ["run", "recipe.lua"]
    process.currentDirectoryURL = folder.url
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))

    process.interrupt()
    process.waitUntilExit()

    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    #expect(
      String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        == "augq: interrupted\n")
  }

  @Test func stubsInTheRepositoryMatchTheBindings() throws {
    let outcome = try AugqProcess.run(["docs", "--check"])

    #expect(outcome.status == 0, "\(outcome.errors)")
  }
}
