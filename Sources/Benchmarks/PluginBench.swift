import Bindings
import LuaRuntime
import Quantizers
import Tensors

/// Granularities described by plugins against the same ones described in Swift: fitting and fake quantization of a weight.
enum PluginBench {
  static func rows(_ watch: Stopwatch) throws -> [Measurement] {
    let session = Session(scriptPath: "bench", arguments: [], threads: 1)
    let lua = try LuaState()
    lua.register(Library.module(session))
    var random = RandomSource(seed: 5)
    let x = Tensor([256, 3, 3, 512], (0..<256 * 4608).map { _ in random.normal() })
    let channel = GroupMap.channel(axis: 0)
    let pairs: [(work: String, native: GridSpecification, plugin: String)] = [
      (
        "uniform 4-bit per channel, 1.2 M floats",
        GridSpecification(bits: 4, group: channel, observer: .minMax),
        "uniform { bits = 4, group = 'channel', observer = 'minmax' }"
      ),
      (
        "AuGQ 2-bit K=4 per channel, 1.2 M floats",
        GridSpecification(bits: 2, intervals: 4, group: channel, observer: .meanSquaredError()),
        "augq { bits = 2, intervals = 4, group = 'channel' }"
      ),
      (
        "PWLQ 2-bit per channel with a given breakpoint, 1.2 M floats",
        GridSpecification(
          bits: 2, intervals: 3, group: channel, edges: .fractions([0.35, 0.65]), isSymmetric: true,
          observer: .meanSquaredError()), "pwlq { bits = 2, breakpoint = 0.3, group = 'channel' }"
      ),
    ]
    return try pairs.flatMap { work, native, text in
      let plugin = try Library.gridRecipe("augq.granularity.\(text)", lua)
      let recipes: [(String, any GridRecipe)] = [("native", native), ("plugin", plugin)]
      let times = try watch.nanosecondsInTurns(
        recipes.map { _, recipe in
          {
            let grid = try recipe.grid(for: x, execution: session.execution)
            _ = try grid.fakeQuantized(x, execution: session.execution)
          }
        })
      return zip(recipes, times).map { Measurement(work, $0.0, nanoseconds: $1) }.comparedWithFirst()
    }
  }
}
