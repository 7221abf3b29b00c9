import Foundation
import TestSupport
import Testing

/// `augq.reconstruct` as a user calls it, on the bundled network.
@Suite struct ReconstructionScriptTests {
  static let setup = """
    local augq = require "augq"
    local data = augq.data.fashion_mnist()
    local calibration = data.train:sample(32, { seed = 1 })
    local model = augq.load "\(FileManager.default.currentDirectoryPath)/Scripts/models/fashion_cnn"
    local function quantize(bits)
      return augq.quantize(model, {
        weights = augq.granularity.augq { bits = 2, intervals = 4, group = "channel" },
        activations = augq.granularity.uniform { bits = bits or 4 }, calibration = calibration,
      })
    end

    """

  func run(_ script: String, in scratch: Scratch) throws -> AugqProcess.Outcome {
    try scratch.write(Self.setup + script, to: "recipe.lua")
    return try AugqProcess.run(["run", scratch.path("recipe.lua")])
  }

  @Test(arguments: ["layer", "block", "stage", "network"])
  func everyPartitionHoldsAllWeightsOnce(name: String) throws {
    let outcome = try run(
      """
      local graph = quantize().graph
      local place, seen, weighted = {}, 0, 0
      for index, node in ipairs(graph:nodes()) do
        place[node.name] = index
        if node.weighted then weighted = weighted + 1 end
      end
      local last = 0
      for _, unit in ipairs(dofile "\(FileManager.default.currentDirectoryPath)/Plugins/partition/\(name).lua".units(graph)) do
        assert(place[unit.exit] > last, "units out of order")
        last = place[unit.exit]
        for _, node in ipairs(graph:nodes()) do
          local inside = place[node.name] > place[unit.entry] and place[node.name] <= place[unit.exit]
          if inside and node.weighted then seen = seen + 1 end
        end
      end
      print(seen == weighted, weighted)
      """, in: Scratch())

    #expect(outcome.errors.isEmpty)
    #expect(outcome.output == "true\t14\n")
  }

  @Test(arguments: ["adaround", "brecq", "qdrop", "adaquant"])
  func everyMethodRunsAndLowersTheErrorOfItsUnits(method: String) throws {
    let outcome = try run(
      """
      local _, report = augq.reconstruct(quantize(), {
        calibration = calibration, method = "\(method)", iterations = 40, batch = 16, regularization = 1e-4,
      })
      local better = 0
      for _, unit in ipairs(report.units) do
        if unit.after < unit.before then better = better + 1 end
      end
      print(#report.units > 4, better > 0.6 * #report.units)
      """, in: Scratch())

    #expect(outcome.errors.isEmpty)
    #expect(outcome.output == "true\ttrue\n")
  }

  @Test func oneRoundingServesSeveralWidths() throws {
    let outcome = try run(
      """
      local q, report = augq.reconstruct(quantize(4), {
        calibration = calibration, method = "ptmq", widths = { quantize(8) }, iterations = 4, batch = 8,
      })
      print(#report.widths, q.activation_bits.stored < 6, report.widths[1].activation_bits.stored)
      """, in: Scratch())

    #expect(outcome.errors.isEmpty)
    #expect(outcome.output == "1\ttrue\t8.0\n")
  }

  static let resumable = """
    local tuned = augq.reconstruct(quantize(), {
      calibration = calibration, iterations = 30, batch = 16, folder = arg[1], units = "block",
    })
    tuned:compile():save(arg[2])
    """

  @Test func killedRunsGoOnAndEndWithTheSameBytes() throws {
    let scratch = try Scratch()
    try scratch.write(Self.setup + Self.resumable, to: "recipe.lua")
    let recipe = scratch.path("recipe.lua")
    let whole = try AugqProcess.run(["run", recipe, scratch.path("whole"), scratch.path("whole.aq")])
    #expect(whole.status == 0, "\(whole.errors)")
    let units = try FileManager.default.contentsOfDirectory(atPath: scratch.path("whole"))
    #expect(units.count > 5 && units.allSatisfy { $0.hasSuffix(".safetensors") })

    let process = Process()
    process.executableURL = AugqProcess.executable
    process.arguments = ["run", recipe, scratch.path("killed"), scratch.path("killed.aq")]
    try process.run()
    while ((try? FileManager.default.contentsOfDirectory(atPath: scratch.path("killed"))) ?? []).count < 3 {
      try #require(process.isRunning)
      usleep(2000)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(!FileManager.default.fileExists(atPath: scratch.path("killed.aq")))
    // What it would have left in the middle of a unit; what a process that lives is writing; files of the user.
    let unfinished = [
      "stage1-unit99-x.safetensors.12-7.tmp", "stage1-unit98-x.safetensors.12-7.tmp",
      "stage_notes.safetensors.12-7.tmp", "stage1-unit9-x.safetensors.old.tmp",
    ]
    for name in unfinished { try scratch.write("half", to: "killed/\(name)") }
    let held = open(scratch.path("killed/\(unfinished[1])"), O_RDONLY)
    defer { close(held) }
    #expect(flock(held, LOCK_EX) == 0)
    let resumed = try AugqProcess.run(["run", recipe, scratch.path("killed"), scratch.path("killed.aq")])

    #expect(resumed.status == 0, "\(resumed.errors)")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.path("whole.aq")))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path("killed.aq"))) == bytes)
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path("killed"))
    #expect(Set(left) == Set(units + unfinished.dropFirst()))
    for name in units {
      let files = ["whole", "killed"].map { URL(fileURLWithPath: scratch.path("\($0)/\(name)")) }
      #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
    }
  }

  /// What a folder's second run changes: the body of a function that returns another network and other options.
  static let otherRuns = [
    "options.iterations = 2 return small('relu', { block = 8 }, {})",
    "options.calibration = data.train:sample(32, { seed = 2 }) return small('relu', { block = 8 }, {})",
    "return small('sigmoid', { block = 8 }, {})",
    "return small('relu', { block = 4 }, {})",
    "return small('relu', { block = 8 }, { rounding = 'stochastic' })",
    "return small('relu', { block = 8 }, { bits = 3 })",
  ]

  @Test(arguments: otherRuns)
  func foldersOfAnotherRunAreRefused(second: String) throws {
    let scratch = try Scratch()
    let outcome = try run(
      """
      local options = { calibration = calibration, iterations = 1, batch = 4, folder = "\(scratch.path("a/run"))" }
      local function small(kind, weights, activations)
        local graph = augq.graph { 28, 28, 1 }
        local x = graph:conv2d(graph.input, { name = "conv", filters = 16, kernel = 3, stride = 2 })
        x = graph:flatten(graph:global_average_pool(graph[kind](graph, x)))
        graph.output = graph:linear(x, { name = "head", features = 10 })
        local observer = "minmax"
        return augq.quantize(augq.build(graph), {
          weights = augq.granularity.block_interval { bits = 2, intervals = 2, block = weights.block, observer = observer },
          activations = augq.granularity.uniform {
            bits = activations.bits or 4, rounding = activations.rounding or "nearest", observer = observer,
          },
          calibration = calibration, first_last = "same",
        })
      end
      augq.reconstruct(small("relu", { block = 8 }, {}), options)
      local function other() \(second) end
      print "begun"
      augq.reconstruct(other(), options)
      """, in: scratch)

    #expect(outcome.output == "begun\n")
    #expect(outcome.status == 65)
    #expect(
      outcome.errors.contains(
        "the file belongs to a run with another network, other images, units or options. "
          + "Give another folder, or remove this one to start again."), "\(outcome.errors)")
  }

  static let mistakes: [(script: String, message: String)] = [
    (
      "augq.reconstruct(quantize(), { calibration = calibration, method = 'qdrap' })",
      "there is no reconstruction 'qdrap'. Did you mean 'qdrop'?"
    ),
    (
      "augq.reconstruct(quantize(), { calibration = calibration, units = 'blok' })",
      "there is no partition 'blok'. Did you mean 'block'?"
    ),
    (
      "augq.reconstruct(quantize(), { calibration = calibration, units = { { entry = 'stem', exit = 'nowhere' } } })",
      "the graph has no node 'nowhere'."
    ),
    (
      "augq.reconstruct(quantize(), { calibration = calibration, units = { { entry = 'block1.dw', exit = 'block1.relu' } } })",
      "the part from 'block1.dw' to 'block1.relu' is no unit: 'block1.add' in it also reads 'down1.relu'."
    ),
    (
      "augq.reconstruct(quantize(), { calibration = calibration, method = { stages = { { rounding = 'up' } } } })",
      "option 'rounding' is a string \"up\"; expected one of \"adaround\", \"adaquant\", \"nearest\""
    ),
    (
      "augq.reconstruct(quantize(), { calibration = calibration, method = {} })",
      "option 'method' is a list of 0; expected a name or a table { units = …, stages = { … } }"
    ),
    (
      "augq.reconstruct(quantize(), { calibration = calibration, widths = { augq.round(quantize(), { calibration = calibration }) } })",
      "option 'widths' holds a network with other weights; its networks differ from the first in the grids of activations "
        + "alone"
    ),
    (
      "augq.reconstruct(quantize(), {})",
      "option 'calibration' is missing: images; 64 are enough to begin with"
    ),
  ]

  @Test(arguments: mistakes.indices)
  func mistakesAreNamed(index: Int) throws {
    let outcome = try run(Self.mistakes[index].script, in: Scratch())

    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(Self.mistakes[index].message), "\(outcome.errors)")
  }
}
