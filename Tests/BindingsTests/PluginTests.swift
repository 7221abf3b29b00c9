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
      "a granularity plugin returns a table with grid(options) -> table; or fit(x, options) -> state"
    ),
    ("granularity", "return { gird = function() end }", "has no field 'gird'. Did you mean 'grid'?"),
    ("granularity", "return { summary = 'x' }", "a granularity plugin needs grid(options) -> table; or fit"),
    ("granularity", "return { grid = 5 }", "field 'grid' is 5; expected a function"),
    (
      "granularity", "return { grid = function() return 7 end }",
      "grid returned 7; expected a table such as { bits = 4 }"
    ),
    (
      "granularity", "return { grid = function() return { bits = 99 } end }",
      "option 'bits' is 99; expected an integer in 1 ... 8"
    ),
    (
      "granularity",
      "return { grid = function() return { bits = 2, intervals = 3 } end, edges = function() return { 1 } end }",
      "edges returned a list of 1; expected a list of 2 finite numbers"
    ),
    (
      "granularity",
      "return { grid = function() return { bits = 2, intervals = 2 } end, edges = function() return { 0/0 } end }",
      "expected a list of 1 finite numbers"
    ),
    (
      "granularity",
      "return { fit = function(x) return { levels = { 1, 0 } } end, quantize = function(x) return x end, dequantize = function(x) return x end }",
      "expected a table with 'levels', a rising list of finite numbers"
    ),
    (
      "granularity",
      "return { fit = function(x) return { levels = { 0, 1 } } end, quantize = function(x) return x:abs() * 0 + 9 end, dequantize = function(x) return x end }",
      "quantize returned 9.0; expected whole codes in 0 ... 1, as there are 2 levels"
    ),
    (
      "granularity",
      "return { fit = function(x) return { levels = { 0, 1 } } end, quantize = function(x) return x:sorted() end, dequantize = function(x) return x end }",
      "quantize returned a string \"a tensor"
    ),
    (
      "granularity", "return { api = '>=2.0', grid = function() return { bits = 2 } end }",
      "needs plugin API >=2.0, but this augq has 1.0"
    ),
    (
      "granularity", "return { api = 'soon', grid = function() return { bits = 2 } end }",
      "expected terms such as \">=1.0 <2\""
    ),
    (
      "granularity", "return { options = 3, grid = function() return { bits = 2 } end }",
      "must be a table of { default, summary }"
    ),
    (
      "granularity", "return { summary = {}, grid = function() return { bits = 2 } end }",
      "field 'summary' is a list of 0; expected a text"
    ),
    ("granularity", "error 'not today'", "not today"),
    ("granularity", "return { grid = function() error('no grid', 0) end }", "no grid"),
    ("observer", "return { range = function() return 2, 1 end }", "expected two finite numbers, low <= high"),
    (
      "observer", "return { range = function() return 0/0, 1 end }",
      "expected two finite numbers, low <= high"
    ),
    ("observer", "return { range = function(x) return x.nothing end }", "augq.Tensor has no field 'nothing'"),
    (
      "observer", "local n = 0; return { range = function() n = n + 1; return 0, n end }",
      "a second time gives another range"
    ),
    (
      "codebook", "return { levels = function() return {} end }",
      "expected a list of 1 to 16 finite numbers, as bits is 4"
    ),
    ("codebook", "return { levels = function() return { 1/0 } end }", "finite numbers"),
    ("rounding", "return { choose = function() return 1 end }", "choose returned 1; expected a tensor"),
    ("gradient", "return { backward = function(g) return g / 0 end }", "expected finite values"),
    ("partition", "return { units = function() return {} end }", "units are a list of 0"),
    ("reconstruction", "return { stages = {} }", "stages"),
    ("transform", "return { apply = function() return 4 end }", "apply returned 4; expected an augq.Model"),
    (
      "allocator", "return { allocate = function(layers) return { [layers[1].key] = 5 } end }",
      "allocate returned 5; expected one of the widths [2, 3, 4, 8] for layer 'layer1'"
    ),
    ("model", "return { build = function() end }", "build returned nil; expected an augq.Graph"),
    ("dataset", "return { load = function() return 'x' end }", "expected an augq.Dataset"),
    ("export", "return { write = function() return 12 end }", "says 12 bytes"),
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

    #expect(failures.contains { $0.contains(row.message) }, "\(failures)")
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
  }

  static let manifests: [(text: String, message: String?)] = [
    ("return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } } }", nil),
    (
      "return { name = 'p', version = '1.0', api = '>=1.0 <2', provides = { observer = { 'mine' } } }",
      "expected three numbers such as 1.0.0"
    ),
    (
      "return { name = 'p', version = '1.0.0', provides = { observer = { 'mine' } } }",
      "field 'api' is missing"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=9', provides = { observer = { 'mine' } } }",
      "needs plugin API >=9"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observr = { 'mine' } } }",
      "Did you mean 'observer'?"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'other' } } }",
      "but there is no observer/other.lua"
    ),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { gradient = { 'mine' } } }",
      "there is no gradient/mine.lua"
    ),
    ("return { name = os.getenv 'HOME', version = '1.0.0' }", "attempt to index a nil value"),
    ("return { nam = 'p' }", "a manifest has no field 'nam'. Did you mean 'name'?"),
    (
      "return { name = 'p', version = '1.0.0', api = '>=1.0 <2', provides = { observer = { 'mine' } }, permissions = { root = true } }",
      "there is no permission 'root'"
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
      #expect(problem?.contains(message) == true, "\(problem ?? "no problem")")
    } else {
      #expect(problem == nil)
      #expect(
        try lua.evaluate(
          "return tostring(require 'augq'.granularity.uniform { observer = 'mine' })", name: "=t"
        ).text != nil)
    }
  }
}
