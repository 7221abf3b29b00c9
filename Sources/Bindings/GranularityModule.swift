import LuaRuntime
import Quantizers
import Tensors

/// `augq.granularity`: what a grid looks like; every granularity is a plugin.
struct GranularityModule: Sendable {
  let files: PluginFiles

  var module: LuaModule {
    LuaModule(
      "granularity", "How values are cut into groups and intervals.",
      types: [
        LuaType(
          "augq.Granularity", "What a grid looks like.", for: GranularityObject.self,
          properties: [
            LuaProperty("bits", "integer", "bits of a code; inside an interval where there are several") {
              .integer(try $0.receiver(GranularityObject.self).value.bits)
            }
          ],
          description: { object in
            guard let it = object.value as? GridSpecification else {
              return "\(object.name), \(object.value.bits) bits per \(object.value.group)"
            }
            return "\(it.bits) bits x \(it.intervals) intervals per \(it.group), \(it.mode)"
          })
      ],
      more: files.source("granularity", function))
  }

  /// The function that a granularity plugin becomes.
  func function(_ plugin: Plugin) -> LuaFunction {
    let own = plugin.optionRows
    let more = plugin.function("grid") == nil ? [Self.group] : Self.shared
    let rows = own + more.filter { row in !own.contains { $0.name == row.name } }
    return LuaFunction(
      plugin.name, plugin.summary, parameters: [LuaParameter("options", "table", "options", optional: true)],
      options: rows, returns: "augq.Granularity"
    ) { call in
      let given = try call.options(0)
      let bound = try BoundPlugin(plugin, from: given)
      let recipe: any GridRecipe =
        if plugin.function("grid") == nil {
          PluginRecipe(bound, group: try Self.group(given.value("group")))
        } else {
          try declared(bound, given, call.lua)
        }
      try recipe.validate()
      return .object(GranularityObject(recipe, name: plugin.name))
    }
  }

  /// The grid that a plugin describes; what it leaves open is as the script's options say.
  private func declared(_ bound: BoundPlugin, _ given: LuaOptions, _ lua: LuaState) throws -> any GridRecipe {
    let plugin = bound.plugin
    let value = try plugin.call("grid", [bound.options])[0]
    guard case .table(let members) = value else {
      throw plugin.wrong("grid", value, "a table such as { bits = 4 }")
    }
    let described: LuaOptions
    do { described = try LuaOptions(members, rows: Self.described, lua) } catch {
      throw LuaUsageError("\(plugin.path): grid returned a table in which \(error)")
    }
    func option(_ name: String) -> LuaValue? { described.value(name) ?? given.value(name) }
    let mode = option("mode")?.text == "published" ? QuantizationMode.published : .clamp
    var result = GridSpecification(
      bits: described.integer("bits") ?? 4, intervals: described.integer("intervals") ?? 1,
      group: try Self.group(option("group")), mode: mode, isSymmetric: option("symmetric")?.boolean ?? false)
    if option("rounding")?.text == "stochastic" {
      result.rounding = .stochastic(seed: UInt64(option("seed")?.integer ?? 1))
    }
    if let fractions = described.numbers("edges") { result.edges = .fractions(fractions.map(Float.init)) }
    if let ratio = described.number("ratio") { result.edges = .geometric(ratio: Float(ratio)) }
    if let block = described.integer("block") { result.choice = .perBlock(size: block) }
    var placement = GroupPlacement()
    let observer = option("observer")
    if let native = try nativeObserver(observer, given, mode) {
      result.observer = native
    } else if let finder = try BoundPlugin(named: observer, "observer", files, lua) {
      placement.range = { try finder.range(of: $0) }
    }
    if plugin.function("edges") != nil {
      let count = result.intervals - 1
      result.edges = .fractions((1..<max(1, count + 1)).map { Float($0) / Float(count + 1) })
      placement.innerEdges = { try bound.edges(of: $0, count: count) }
    }
    return placement.range == nil && placement.innerEdges == nil
      ? result : PlacedGrid(specification: result, placement: placement)
  }

  /// The observer that the kernels have; `nil` for a plugin's.
  private func nativeObserver(_ value: LuaValue?, _ given: LuaOptions, _ mode: QuantizationMode) throws
    -> Observer?
  {
    let candidates = given.integer("candidates") ?? 80
    switch value?.text ?? (value == nil ? "" : "plugin") {
    case "minmax": return .minMax
    case "percentile": return .percentile(share: Float((given.number("percentile") ?? 99.9) / 100))
    case "mse": return .meanSquaredError(candidates: candidates)
    case "lp": return .lpSearch(power: Float(given.number("power") ?? 2.4), candidates: candidates)
    // Least squares is what layer outputs are measured by; the paper's exponent 2.4 does as well (91.70 and 91.58 % on
    // fashion_cnn, AuGQ 2-bit).
    case "":
      return mode == .published
        ? .lpSearch(power: 2.4, candidates: candidates) : .meanSquaredError(candidates: candidates)
    default: return nil
    }
  }

  static let group = LuaOption(
    "group", .any("\"tensor\", \"channel\" or a block size"), default: "\"tensor\"",
    "which values share a range")

  /// Options of every granularity whose grid is described.
  private static let shared = [
    group,
    LuaOption("symmetric", .boolean, default: "false", "whether the zero point is in the middle"),
    LuaOption(
      "observer", .any("\"minmax\", \"percentile\", \"mse\", \"lp\", or a plugin's name or { name, … }"),
      default: "\"mse\", in mode published \"lp\"",
      "how the range is found: minmax, percentile, mse, lp (the paper's search with p = 2.4), or a plugin"),
    LuaOption("power", .number(1...4), default: "2.4", "exponent of the lp search"),
    LuaOption("candidates", .integer(1...1000), default: "80", "ranges tried by the lp and mse searches"),
    LuaOption(
      "percentile", .number(50.1...100), default: "99.9",
      "share of the values kept by the percentile observer"),
    LuaOption(
      "rounding", .name(["nearest", "stochastic"]), default: "\"nearest\"",
      "how values between levels are rounded"),
    LuaOption("seed", .integer(0...Int.max), default: "1", "seed of stochastic rounding"),
  ]

  /// Keys of the table that a plugin's `grid` returns.
  private static let described =
    [
      LuaOption("bits", .integer(1...8), default: nil, "bits inside an interval"),
      LuaOption("intervals", .integer(1...16), "intervals of the range"),
      LuaOption(
        "edges", .numbers, "inner edges as rising fractions of the range; equal intervals when absent"),
      LuaOption("ratio", .number(1.01...16), "ratio of neighbouring sub-ranges"),
      LuaOption("block", .integer(1...4096), "weights that share an interval's index"),
      LuaOption("mode", .name(["clamp", "published"]), "what happens at and beyond the edges"),
    ] + shared

  static func group(_ value: LuaValue?) throws -> GroupMap {
    switch value {
    case nil: return .tensor
    case .string("tensor"): return .tensor
    case .string("channel"): return .channel(axis: 0)
    case .some(let value):
      guard let size = value.integer, size >= 1 else {
        throw LuaUsageError(
          "option 'group' is \(value.shown); expected \"tensor\", \"channel\" or a block size of at least 1")
      }
      return .block(size: size)
    }
  }
}

/// What a grid should look like: a granularity or a codebook.
class GridRecipeObject {
  let value: any GridRecipe
  let name: String
  init(_ value: any GridRecipe, name: String) {
    self.value = value
    self.name = name
  }
}

final class GranularityObject: GridRecipeObject {}

/// A region grid whose ranges or edges come from plugins.
private struct PlacedGrid: GridRecipe {
  let specification: GridSpecification
  let placement: GroupPlacement

  var bits: Int { specification.bits }
  var group: GroupMap { specification.group }
  func validate() throws(QuantizationError) { try specification.validate() }

  func grid(for x: Tensor, execution: Execution) throws -> any QuantizationGrid {
    try specification.fit(to: x, placement: placement, execution: execution)
  }
}

extension BoundPlugin {
  /// The range that an observer plugin finds.
  func range(of x: Tensor) throws -> ValueRange {
    let found = try plugin.call("range", [.object(TensorObject(x)), options], results: 2)
    guard let low = found[0].number, let high = found[1].number, low.isFinite, high.isFinite, low <= high
    else {
      throw plugin.wrong("range", .list(found), "two finite numbers, low <= high")
    }
    return ValueRange(Float(low), Float(high))
  }

  /// The inner edges that a granularity plugin finds.
  func edges(of x: Tensor, count: Int) throws -> [Float] {
    let found = try plugin.call("edges", [.object(TensorObject(x)), options])[0]
    guard let numbers = found.finiteNumbers, numbers.count == count else {
      throw plugin.wrong(
        "edges", found, "a list of \(count) finite numbers, the inner edges of the intervals")
    }
    return numbers.map(Float.init)
  }
}
