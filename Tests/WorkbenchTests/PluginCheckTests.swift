import TestSupport
import Testing

/// `augq plugin` as a user meets it: a bad plugin cannot take the workbench down.
@Suite struct PluginCheckTests {
  static let dangerous: [(text: String, message: String)] = [
    ("while true do end", "did not end within 5.0 s"),
    ("return { range = function() while true do pcall(error) end end }", "did not end within 5.0 s"),
    (
      "return { range = function() local t = {} while true do t[#t + 1] = ('x'):rep(1 << 27) .. #t end end }",
      "not enough memory"
    ),
    ("return { range = function() return ('x'):rep(1 << 33), 1 end }", "resulting string too large"),
    (
      "return { range = function() return require 'augq'.tensor.zeros { 1 << 30 }, 1 end }",
      "not enough memory"
    ),
    ("os.exit(0)", "'os.exit' is not available to restricted code"),
  ]

  @Test(arguments: dangerous.indices) func dangerousPluginsAreStoppedAndTold(_ index: Int) throws {
    let row = Self.dangerous[index]
    let folder = try Scratch()
    try folder.write(row.text, to: "observer/mine.lua")

    // What ends by itself has time to: tests share the machine.
    let seconds = row.message.hasPrefix("did not end") ? "5" : "120"
    let outcome = try AugqProcess.run(
      ["plugin", "check", "--time", seconds, folder.path("observer/mine.lua")])

    #expect((outcome.output + outcome.errors).contains(row.message), "\(outcome)")
    #expect(outcome.status != 0)
  }

  @Test func aNewGranularityIsWrittenCheckedAndUsed() throws {
    let folder = try Scratch()
    let written = try AugqProcess.run([
      "plugin", "new", "granularity", "thirds", "--folder", folder.path("Plugins"),
    ])
    #expect(written.status == 0, "\(written.errors)")
    let again = try AugqProcess.run([
      "plugin", "new", "granularity", "thirds", "--folder", folder.path("Plugins"),
    ])
    #expect(again.status == 73 && again.errors.contains("is there already"))

    let checked = try AugqProcess.run(["plugin", "check", folder.path("Plugins/granularity/thirds.lua")])
    #expect(checked.output == "ok     granularity thirds\n" && checked.status == 0, "\(checked)")

    try folder.write(
      """
      local augq = require "augq"
      local train = augq.data.stripes { count = 40, size = 8 }
      local model = augq.build(augq.model.tiny_cnn { height = 8, width = 8, classes = 4 })
      local grid = augq.granularity.thirds { group = "channel" }
      local q = augq.quantize(model, { weights = grid, activations = augq.granularity.thirds {}, calibration = train })
      local tuned = augq.reconstruct(q, { calibration = train, iterations = 3, batch = 8 })
      print(tuned:weights_on_levels(), #tuned:compile():forward(train:images()))
      """, to: "use.lua")
    let used = try AugqProcess.run(["run", "--plugins", folder.path("Plugins"), folder.path("use.lua")])
    #expect(used.output == "true\t160\n", "\(used.errors)")
  }

  @Test func listShowsBrokenAndHiddenPlugins() throws {
    let folder = try Scratch()
    try folder.write("return {", to: "granularity/cut.lua")
    try folder.write("return { grid = function() return { bits = 2 } end }", to: "granularity/uniform.lua")

    let outcome = try AugqProcess.run([
      "plugin", "list", "--kind", "granularity", "--plugins", folder.path(""), "--json",
    ])

    #expect(outcome.status == 1)
    #expect(
      outcome.output.contains("\"state\": \"broken\"") && outcome.output.contains("\"state\": \"hidden\""))
    #expect(outcome.output.contains("unexpected symbol near <eof>"))
  }

  @Test func unknownKindsAndNamesSuggestOthers() throws {
    let kind = try AugqProcess.run(["plugin", "new", "granularty", "x"])
    #expect(kind.status == 64 && kind.errors.contains("Did you mean 'granularity'?"))
    let name = try AugqProcess.run(["plugin", "doc", "granularity", "unifrom"])
    #expect(name.status == 64 && name.errors.contains("Did you mean 'uniform'?"))
  }
}
