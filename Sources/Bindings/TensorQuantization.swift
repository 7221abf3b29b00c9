import LuaRuntime
import Quantizers
import Tensors

/// Grids and codebooks on single tensors, for looking at a quantizer before a network depends on it.
struct TensorQuantization: Sendable {
  let session: Session

  var functions: [LuaFunction] {
    [
      LuaFunction(
        "fake_quantize",
        "Fits a granularity to a tensor and returns the tensor on its grid and what it costs.",
        parameters: [
          LuaParameter("tensor", "augq.Tensor", "values"),
          LuaParameter("granularity", "augq.Granularity|augq.Codebook", "what the grid looks like"),
        ], returns: "augq.Tensor, table"
      ) { call in
        let tensor = try call.object(TensorObject.self, 0).value
        let grid = try grid(call, for: tensor)
        let result = try grid.fakeQuantized(tensor, execution: session.execution)
        let storage = try grid.storage(of: tensor, execution: session.execution)
        return .values([.object(TensorObject(result)), .table(QuantizeModule.fields(storage))])
      }
    ]
  }

  private func grid(_ call: LuaCall, for tensor: Tensor) throws -> any QuantizationGrid {
    if let codebook = try call.optionalObject(CodebookObject.self, 1) {
      return try codebook.value.grid(for: tensor, execution: session.execution)
    }
    return try call.object(GranularityObject.self, 1).value.fit(to: tensor, execution: session.execution)
  }

  /// `augq.codebook`: levels that are not a region grid.
  static let module = LuaModule(
    "codebook", "Sorted levels, at most 256 per group; each value takes the nearest.",
    functions: [
      LuaFunction(
        "levels", "Given levels in -1 ... 1, scaled to each group's largest magnitude.",
        parameters: [LuaParameter("levels", "number[]", "rising levels"), options], options: [group],
        returns: "augq.Codebook"
      ) { call in
        .object(try CodebookObject(.scaled(call.numbers(0).map(Float.init)), bits: 8, call.options(1)))
      },
      LuaFunction(
        "power_of_two", "Zero and signed powers of two.", parameters: [options], options: [bits, group],
        returns: "augq.Codebook"
      ) { call in
        let given = try call.options(0)
        return .object(try CodebookObject(.powerOfTwo, bits: given.integer("bits") ?? 4, given))
      },
      LuaFunction(
        "kmeans", "Levels fitted by Lloyd's algorithm.", parameters: [options],
        options: [
          bits, group,
          LuaOption("iterations", .integer(1...1000), default: "50", "rounds of Lloyd's algorithm"),
        ],
        returns: "augq.Codebook"
      ) { call in
        let given = try call.options(0)
        let kind = CodebookKind.kMeans(iterations: given.integer("iterations") ?? 50)
        return .object(try CodebookObject(kind, bits: given.integer("bits") ?? 4, given))
      },
    ],
    types: [
      LuaType(
        "augq.Codebook", "What a codebook looks like.", for: CodebookObject.self,
        description: { "Codebook \($0.value.kind), \($0.value.bits) bits" })
    ])

  private static let options = LuaParameter("options", "table", "options", optional: true)
  private static let bits = LuaOption("bits", .integer(1...8), default: "4", "2^bits levels")
  private static let group = LuaOption(
    "group", .any("\"tensor\", \"channel\" or a block size"), default: "\"tensor\"",
    "which values share the levels")
}

final class CodebookObject: Sendable {
  let value: CodebookSpecification

  init(_ kind: CodebookKind, bits: Int, _ given: LuaOptions) throws {
    value = CodebookSpecification(kind, bits: bits, group: try GranularityModule.group(given.value("group")))
  }
}
