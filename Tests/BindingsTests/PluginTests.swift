import Foundation
import LuaRuntime
import TestSupport
import Testing

@testable import Bindings

/// Every plugin that comes with the program, and every template, obeys the laws of its kind.
@Suite struct PluginTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Plugins")
    .path()

  private static func state(_ folders: [String] = []) throws -> (lua: LuaState, session: Session) {
    let session = Session(scriptPath: "test.lua", arguments: [], pluginFolders: folders + [folder])
    let lua = try LuaState(memoryLimit: 1 << 30)
    lua.register(Library.module(session))
    return (lua, session)
  }

  static let kinds = PluginKind.all.map(\.name)

  @Test(arguments: kinds) func pluginsObeyTheLawsOfTheirKind(_ kind: String) throws {
    let (lua, session) = try Self.state()
    let entries = PluginCatalogue(session: session, lua: lua).active(kind: kind)
    #expect(!entries.isEmpty, "no \(kind) plugin comes with the program")
    for entry in entries {
      #expect(PluginLaws(session: session, lua: lua).failures(of: entry) == [], "\(entry.path)")
    }
  }

  @Test(arguments: kinds) func templatesWorkAsTheyAre(_ kind: String) throws {
    let scratch = try Scratch()
    let folder = scratch.url.path
    let text = try #require(PluginTemplates.text(kind: kind, name: "mine"))
    try scratch.write(text, to: "\(kind)/mine.lua")
    let (lua, session) = try Self.state([folder])
    let catalogue = PluginCatalogue(session: session, lua: lua)
    let entry = try catalogue.entry(atPath: "\(folder)/\(kind)/mine.lua")

    #expect(PluginLaws(session: session, lua: lua).failures(of: entry) == [])
    #expect(catalogue.description(of: entry).problem == nil)
  }

  /// A plugin that breaks one rule, and what is said about it.
  static let broken: [(kind: String, text: String, message: String)] = [
    ("granularity", "return {", "mine.lua:1: unexpected symbol near <eof>"),
    (
      "granularity", "return 3",
      "mine.lua: a granularity plugin returns a table with grid(options) -> table; or fit(x, options) -> state, quantize(x, state) -> codes, dequantize(codes, state) -> x, not 3"
    ),
    (
      "granularity", "return { gird = function() end }",
      "mine.lua: a granularity plugin has no field 'gird'. Did you mean 'grid'?"
    ),
    (
      "granularity", "return { summary = 'x' }",
      "mine.lua: a granularity plugin needs grid(options) -> table; or fit(x, options) -> state, quantize(x, state) -> codes, dequantize(codes, state) -> x. See 'augq plugin new granularity NAME'."
    ),
    ("granularity", "return { grid = 5 }", "mine.lua: field 'grid' is 5; expected a function"),
    (
      "granularity", "return { grid = function() return 7 end }",
      "expression:1: mine.lua: grid returned 7; expected a table such as { bits = 4 }"
    ),
    (
      "granularity", "return { grid = function() return { bits = 99 } end }",
      "expression:1: mine.lua: grid returned a table in which option 'bits' is 99; expected an integer in 1 ... 8"
    ),
    (
      "granularity",
      "return { grid = function() return { bits = 2, intervals = 3 } end, edges = function() return { 1 } end }",
      "normal values, group tensor: mine.lua: edges returned a list of 1; expected a list of 2 finite numbers, the inner edges of the intervals"
    ),
    (
      "granularity",
      "return { grid = function() return { bits = 2, intervals = 2 } end, edges = function() return { 0/0 } end }",
      "normal values, group tensor: mine.lua: edges returned a list of 1; expected a list of 1 finite numbers, the inner edges of the intervals"
    ),
    (
      "granularity",
      "return { fit = function(x) return { levels = { 1, 0 } } end, quantize = function(x) return x end, dequantize = function(x) return x end }",
      "normal values, group tensor: mine.lua: fit returned a list of 2; expected a table with 'levels', a rising list of finite numbers"
    ),
    (
      "granularity",
      "return { fit = function(x) return { levels = { 0, 1 } } end, quantize = function(x) return x:abs() * 0 + 9 end, dequantize = function(x) return x end }",
      "normal values, group tensor: mine.lua: quantize returned 9.0; expected whole codes in 0 ... 1, as there are 2 levels"
    ),
    (
      "granularity",
      "return { fit = function(x) return { levels = { 0, 1 } } end, quantize = function(x) return x:sorted() end, dequantize = function(x) return x end }",
      "normal values, group tensor: mine.lua: quantize returned a string \"a tensor 270\"; expected one of 6x3x3x5"
    ),
    (
      "granularity", "return { api = '>=2.0', grid = function() return { bits = 2 } end }",
      "mine.lua: needs plugin API >=2.0, but this augq has 1.0. Get a version of the plugin for API 1.0, or another augq."
    ),
    (
      "granularity", "return { api = 'soon', grid = function() return { bits = 2 } end }",
      "mine.lua: field 'api' is a string \"soon\"; expected terms such as \">=1.0 <2\""
    ),
    (
      "granularity", "return { options = 3, grid = function() return { bits = 2 } end }",
      "mine.lua: the parameters are 3; expected a table of names with { default, \"summary\" } each"
    ),
    (
      "granularity", "return { summary = {}, grid = function() return { bits = 2 } end }",
      "mine.lua: field 'summary' is a list of 0; expected a text of one line"
    ),
    ("granularity", "error 'not today'", "mine.lua:1: not today"),
    (
      "granularity",
      "local n = 0 return { fit = function() n = n + 1 return { levels = { n, n + 1 } } end, quantize = function(x) return x * 0 end, dequantize = function(x, s) return x + s.levels[1] end }",
      "normal values, group tensor: a second time gives other values"
    ),
    (
      "granularity",
      "local n = 0 return { fit = function() return { levels = { 0, 1 } } end, quantize = function(x) return x * 0 end, dequantize = function(x) n = n + 1 return x + n end }",
      "normal values, group tensor: dequantize(quantize(x)) is not what fake quantization gives"
    ),
    (
      "granularity",
      "return { fit = function() return { levels = { 0, 1 } } end, quantize = function(x) return x:greater(0.5) end, dequantize = function(x) return 1 - x end }",
      "two values, group tensor: levels do not keep their value: one moves by 1.0"
    ),
    ("granularity", "return { grid = function() error('no grid', 0) end }", "expression:1: no grid"),
    (
      "observer", "return { range = function() return 2, 1 end }",
      "mine.lua: range returned a list of 2; expected two finite numbers, low <= high"
    ),
    (
      "observer", "return { range = function() return 0/0, 1 end }",
      "mine.lua: range returned a list of 2; expected two finite numbers, low <= high"
    ),
    (
      "observer", "return { range = function(x) return x.nothing end }",
      "mine.lua:1: augq.Tensor has no field 'nothing'. Known are abs, bucketize, ceil, choose, clamp, count, deviation, equal, exp, floor, greater, less, less_equal, log, max, maximum, mean, min, minimum, power, quantile, reshape, round, rows, shape, sigmoid, sign, sorted, sqrt, sum, take, tanh, touch, values."
    ),
    (
      "observer", "local n = 0; return { range = function() n = n + 1; return 0, n end }",
      "normal values: a second time gives another range"
    ),
    (
      "codebook", "return { levels = function() return {} end }",
      "normal values, group tensor: mine.lua: levels returned a list of 0; expected a list of 1 to 16 finite numbers, as bits is 4"
    ),
    (
      "codebook", "return { levels = function() return { 1/0 } end }",
      "normal values, group tensor: mine.lua: levels returned a list of 1; expected a list of 1 to 16 finite numbers, as bits is 4"
    ),
    (
      "rounding", "return { choose = function() return 1 end }",
      "laws of rounding mine:15: mine.lua: choose returned 1; expected a tensor 4x3x3x1"
    ),
    (
      "gradient", "return { backward = function(g) return g / 0 end }",
      "mine.lua: backward returned inf; expected finite values; this one is at index 1"
    ),
    (
      "partition", "return { units = function() return {} end }",
      "units are a list of 0; expected a list of { name = …, entry = …, exit = … }"
    ),
    (
      "reconstruction", "return { stages = {} }",
      "laws of reconstruction mine:15: a method is a table { units = …, stages = { … } } with at least 1 stage"
    ),
    (
      "transform", "return { apply = function() return 4 end }",
      "laws of transform mine:16: mine.lua: apply returned 4; expected an augq.Model"
    ),
    (
      "allocator", "return { allocate = function(layers) return { [layers[1].key] = 5 } end }",
      "laws of allocator mine:24: mine.lua: allocate returned 5; expected one of the widths [2, 3, 4, 8] for layer 'layer1'"
    ),
    (
      "scheduler", "return { next = function() return 3 end }",
      "laws of scheduler mine:19: mine.lua: next returned 3; expected a list of tables of parameters"
    ),
    (
      "scheduler", "return { next = function(trials) return { trials[1].parameters } end }",
      "does not come to an end in 50 rounds"
    ),
    (
      "model", "return { build = function() end }",
      "laws of model mine:14: mine.lua: build returned nil; expected an augq.Graph"
    ),
    (
      "dataset", "return { load = function() return 'x' end }",
      "laws of dataset mine:15: mine.lua: load returned a string \"x\"; expected an augq.Dataset"
    ),
    ("export", "return { write = function() return 12 end }", "says 12 bytes, but wrote 0"),
    (
      "export", "return { write = function() return 'x' end }",
      "laws of export mine:16: mine.lua: write returned a string \"x\"; expected the number of bytes written"
    ),
    ("report", "return { render = function() return '' end }", "row 1 does not appear"),
  ]

  @Test(arguments: broken.indices) func brokenPluginsAreToldWhatIsWrong(_ index: Int) throws {
    let row = Self.broken[index]
    let scratch = try Scratch()
    let folder = scratch.url.path
    let path = "\(folder)/\(row.kind)/mine.lua"
    try scratch.write(row.text, to: "\(row.kind)/mine.lua")
    let (lua, session) = try Self.state([folder])
    let entry = try PluginCatalogue(session: session, lua: lua).entry(atPath: path)

    let failures = PluginLaws(session: session, lua: lua).failures(of: entry)

    #expect(failures.map { $0.replacing(path, with: "mine.lua") }.contains(row.message), "\(failures)")
  }

  @Test func firstFolderWinsAndTheOtherIsShown() throws {
    let scratch = try Scratch()
    let folder = scratch.url.path
    try scratch.write("return function() return 0, 1 end", to: "observer/quantiles.lua")
    let (lua, session) = try Self.state([folder])
    let rows = PluginCatalogue(session: session, lua: lua).entries(kind: "observer").filter {
      $0.name == "quantiles"
    }

    #expect(rows.first?.path == "\(folder)/observer/quantiles.lua")
    #expect(rows.dropFirst().allSatisfy { $0.shadowedBy == rows.first?.path } && rows.count >= 2)
    let error = #expect(throws: LuaUsageError.self) {
      try PluginFiles(session: session).load("observer", "zzzzzzzz", lua)
    }
    #expect(error?.description == "there is no observer 'zzzzzzzz'. Known are deviations, quantiles.")
  }

  static let manifests: [(text: String, message: String?)] = [
    ("return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } } }", nil),
    (
      "return { name = 'p', version = '1.0', api = '>=1.0 <2', provides = { observer = { 'mine' } } }",
      "/p/plugin.lua: field 'version' is \"1.0\"; expected three numbers such as 1.0.0"
    ),
    (
      "return { name = 'p', version = '1.0.0', provides = { observer = { 'mine' } } }",
      "/p/plugin.lua: field 'api' is missing; give \">=1.0 <2\""
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=9', provides = { observer = { 'mine' } } }",
      "/p/plugin.lua: needs plugin API >=9, but this augq has 1.0. Get a version of the plugin for API 1.0, or another augq."
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observr = { 'mine' } } }",
      "/p/plugin.lua: 'provides' has no kind 'observr'. Did you mean 'observer'?"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'other' } } }",
      "/p/plugin.lua: 'provides' names observer 'other', but there is no observer/other.lua"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { gradient = { 'mine' } } }",
      "/p/plugin.lua: 'provides' names gradient 'mine', but there is no gradient/mine.lua"
    ),
    (
      "return { name = os.getenv 'HOME', version = '1.0.0' }",
      "/p/plugin.lua:1: attempt to index a nil value (global 'os')"
    ),
    ("return 3", "/p/plugin.lua: a manifest returns a table, not 3"),
    (
      "return { name = 'a b' }",
      "/p/plugin.lua: field 'name' is \"a b\"; use letters, digits and _, a letter first"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', }",
      "/p/plugin.lua: field 'provides' is missing; expected { granularity = { \"name\" }, … }"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = 3 } }",
      "/p/plugin.lua: 'provides.observer' is 3; expected a list of names"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } }, requires = { q = '>=1.0' } }",
      "/p/plugin.lua: needs package 'q' >=1.0, but there is none. Install it beside this one."
    ),
    (
      "return { name = 'q', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } } }",
      "/p/plugin.lua: field 'name' is \"q\", but the folder is p; they must agree"
    ),
    ("return { nam = 'p' }", "/p/plugin.lua: a manifest has no field 'nam'. Did you mean 'name'?"),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } }, permissions = { root = true } }",
      "/p/plugin.lua: there is no permission 'root'. Known are fs_read, fs_write, native."
    ),
  ]

  @Test(arguments: manifests.indices) func packagesSayWhatIsInThem(_ index: Int) throws {
    let row = Self.manifests[index]
    let scratch = try Scratch()
    let folder = scratch.url.path
    try scratch.write("return function() return 0, 1 end", to: "p/observer/mine.lua")
    try scratch.write(row.text, to: "p/plugin.lua")
    let (lua, session) = try Self.state([folder])
    let catalogue = PluginCatalogue(session: session, lua: lua)
    let entry = try #require(catalogue.entries(kind: "observer").first { $0.name == "mine" })

    let problem = catalogue.description(of: entry).problem

    if let message = row.message {
      #expect(problem?.replacing(folder, with: "") == message)
    } else {
      #expect(problem == nil)
      #expect(
        try lua.evaluate(
          "return tostring(require 'augq'.granularity.uniform { observer = 'mine' })", name: "=t"
        ).text != nil)
    }
  }

  @Test func filesOfAPackageThatContradictItAreTold() throws {
    let scratch = try Scratch()
    let folder = scratch.url.path
    try scratch.write(
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } } }",
      to: "p/plugin.lua")
    try scratch.write(
      "return { permissions = {}, range = function() return 0, 1 end }", to: "p/observer/mine.lua")
    try scratch.write("return function() return 0, 1 end", to: "p/observer/more.lua")
    let (lua, session) = try Self.state([folder])
    let catalogue = PluginCatalogue(session: session, lua: lua)
    let problems = ["mine", "more"].map { name in
      catalogue.entries(kind: "observer").first { $0.name == name }.flatMap {
        catalogue.description(of: $0).problem
      }
    }

    #expect(
      problems[0] == "\(folder)/p/observer/mine.lua: permissions of a package stand in \(folder)/p/plugin.lua"
    )
    #expect(
      problems[1]
        == "\(folder)/p/plugin.lua: 'provides' does not name observer 'more'. Add it, or remove the file.")
  }

  @Test func granularitiesThatComputeTheirOwnCodesTakeNoGroup() throws {
    let scratch = try Scratch()
    try scratch.write(
      "return { fit = function() return { levels = { 0, 1 } } end, quantize = print, dequantize = print }",
      to: "granularity/mine.lua")
    let (lua, _) = try Self.state([scratch.url.path])

    let error = #expect(throws: LuaError.self) {
      try lua.evaluate("return require 'augq'.granularity.mine { group = 'channel' }", name: "=t")
    }

    #expect(
      error?.message
        == "t:1: granularity 'mine' computes its codes itself, over the whole tensor; leave the option 'group' out"
    )
  }

  /// Parts of this batch would run on threads of their own; a Lua state is one thread's, and two of them crash it.
  @Test func fineTuningCallsGranularitiesInLuaFromOneThread() throws {
    let scratch = try Scratch()
    try scratch.write(
      """
      return {
        fit = function(x)
          local step = math.max(x:max(), -x:min()) / 7
          local levels = {}
          for i = -7, 7 do levels[#levels + 1] = i * step end
          return { levels = levels, step = step }
        end,
        quantize = function(x, state)
          return (x / state.step):round():clamp(-7, 7) + 7
        end,
        dequantize = function(codes, state) return (codes - 7) * state.step end,
      }
      """, to: "granularity/mine.lua")
    let session = Session(
      scriptPath: "test.lua", arguments: [], threads: 4, pluginFolders: [scratch.url.path, Self.folder])
    let lua = try LuaState(memoryLimit: 1 << 30)
    lua.register(Library.module(session))

    let result = try lua.evaluate(
      """
      local augq = require "augq"
      local g = augq.graph { 32, 32, 3 }
      local a = g:relu(g:conv2d(g.input, { filters = 16, kernel = 3, padding = 1 }))
      local b = g:relu(g:conv2d(a, { filters = 16, kernel = 3, padding = 1 }))
      g:linear(g:flatten(g:global_average_pool(b)), { features = 3 })
      local pixels = augq.tensor.normal({ 8, 32, 32, 3 }, 1):abs():clamp(0, 1)
      local images = augq.data.of(pixels, { 0, 1, 2, 0, 1, 2, 0, 1 }, { classes = 3 })
      local q = augq.quantize(augq.build(g), {
        weights = augq.granularity.uniform { bits = 3, group = "channel" },
        activations = augq.granularity.mine(), calibration = images,
      })
      local _, report = augq.reconstruct(q, {
        method = "qdrop", calibration = images, batch = 8, iterations = 12, units = "network",
      })
      return #report.units
      """, name: "=t")

    #expect(result.number == 1)
  }
}
