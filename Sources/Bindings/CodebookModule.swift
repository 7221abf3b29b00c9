import LuaRuntime
import Quantizers
import Tensors

/// `augq.codebook`: levels that are not a region grid; plugins beside the native ones.
struct CodebookModule: Sendable {
  let files: PluginFiles

  var module: LuaModule {
    LuaModule(
      "codebook", "Sorted levels, at most 256 per group; each value takes the nearest.",
      functions: [
        LuaFunction(
          "levels", "Given levels in -1 ... 1, scaled to each group's largest magnitude.",
          parameters: [LuaParameter("levels", "number[]", "rising levels"), Self.options],
          options: [Self.group],
          returns: "augq.Codebook"
        ) { call in
          let group = try GranularityModule.group(call.options(1).value("group"))
          return Self.object(
            CodebookSpecification(.scaled(try call.numbers(0).map(Float.init)), bits: 8, group: group))
        },
        Self.native("power_of_two", "Zero and signed powers of two.") { _ in .powerOfTwo },
        Self.native(
          "kmeans", "Levels fitted by Lloyd's algorithm.",
          [LuaOption("iterations", .integer(1...1000), default: "50", "rounds of Lloyd's algorithm")]
        ) { .kMeans(iterations: $0.integer("iterations") ?? 50) },
      ],
      types: [
        LuaType(
          "augq.Codebook", "What a codebook looks like.", for: CodebookObject.self,
          description: { "Codebook \($0.name), \($0.value.bits) bits per \($0.value.group)" })
      ],
      more: files.source("codebook", Self.function))
  }

  private static func native(
    _ name: String, _ summary: String, _ more: [LuaOption] = [],
    _ kind: @escaping @Sendable (LuaOptions) -> CodebookKind
  ) -> LuaFunction {
    LuaFunction(
      name, summary, parameters: [options], options: [bits, group] + more, returns: "augq.Codebook"
    ) { call in
      let given = try call.options(0)
      let group = try GranularityModule.group(given.value("group"))
      return object(CodebookSpecification(kind(given), bits: given.integer("bits") ?? 4, group: group), name)
    }
  }

  /// The function that a codebook plugin becomes.
  static func function(_ plugin: Plugin) -> LuaFunction {
    let own = plugin.optionRows
    let rows = own + [bits, group].filter { row in !own.contains { $0.name == row.name } }
    return LuaFunction(
      plugin.name, plugin.summary, parameters: [options], options: rows, returns: "augq.Codebook"
    ) { call in
      let given = try call.options(0)
      let bound = try BoundPlugin(plugin, from: given)
      let bits = given.integer("bits") ?? bound.options["bits"]?.integer ?? 4
      let group = try GranularityModule.group(given.value("group"))
      return object(PluginCodebook(bound: bound, bits: bits, group: group), plugin.name)
    }
  }

  private static func object(_ value: any GridRecipe, _ name: String = "of given levels") -> LuaValue {
    .object(CodebookObject(value, name: name))
  }

  private static let options = LuaParameter("options", "table", "options", optional: true)
  private static let bits = LuaOption("bits", .integer(1...8), default: "4", "2^bits levels")
  private static let group = LuaOption(
    "group", .any("\"tensor\", \"channel\" or a block size"), default: "\"tensor\"",
    "which values share the levels")
}

final class CodebookObject: GridRecipeObject {}

/// Levels that a plugin finds for each group.
private struct PluginCodebook: GridRecipe {
  let bound: BoundPlugin
  let bits: Int
  let group: GroupMap

  func validate() throws(QuantizationError) {
    try CodebookSpecification(.powerOfTwo, bits: bits, group: group).validate()
  }

  func grid(for x: Tensor, execution: Execution) throws -> any QuantizationGrid {
    try validate()
    let limit = 1 << bits
    return try Codebook.fit(to: x, group: group) { values in
      var members: [(key: String, value: LuaValue)] = [("bits", .integer(bits))]
      for row in bound.plugin.options.rows where row.name != "bits" {
        members.append((row.name, bound.options[row.name] ?? .nil))
      }
      let options = LuaValue.table(members)
      let found = try bound.plugin.call("levels", [.object(TensorObject(values)), options])[0]
      guard let numbers = found.finiteNumbers, (1...limit).contains(numbers.count) else {
        throw bound.plugin.wrong(
          "levels", found, "a list of 1 to \(limit) finite numbers, as bits is \(bits)")
      }
      return numbers.map(Float.init)
    }
  }
}
