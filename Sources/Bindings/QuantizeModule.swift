import Inference
import Interchange
import Layers
import LuaRuntime
import Pipelines
import Quantizers
import Tensors

final class QuantizedObject {
  var value: QuantizedModel
  init(_ value: QuantizedModel) { self.value = value }
}

final class EngineObject {
  let value: IntegerEngine
  init(_ value: IntegerEngine) { self.value = value }
}

/// Post-training quantization and integer engines.
struct QuantizeModule: Sendable {
  let session: Session

  var functions: [LuaFunction] {
    [
      LuaFunction(
        "quantize",
        "Folds batch norms, fits the grids of weights and, from calibration images, of activations.",
        parameters: [
          LuaParameter("model", "augq.Model", "an FP32 network"), LuaParameter("options", "table", "options"),
        ],
        options: [
          LuaOption(
            "weights", .object(["augq.Granularity", "augq.Codebook"]), "grid of the weights; FP32 when absent"
          ),
          LuaOption(
            "activations", .object(["augq.Granularity"]), "grid of the activations; FP32 when absent"),
          LuaOption("calibration", .object(["augq.Dataset"]), "images that show the activations' ranges"),
          LuaOption(
            "layers", .any("a table { [key] = granularity or codebook }"),
            "grids of weights that differ from the rest, by parameter key such as stem.weight"),
          LuaOption(
            "nodes", .any("a table { [node] = granularity }"),
            "grids of activations that differ from the rest, by the name of the node whose output it is"),
          LuaOption(
            "gradient", .any("a plugin's name, or { name, … }"), default: "straight-through",
            "plugin of kind gradient: what passes back through the grids in training"),
          LuaOption(
            "first_last", .name(["8bit", "same"]), default: "\"8bit\"",
            "8bit keeps 256 levels in weights of the first and last layers, the output of the first and the input of the "
              + "last; same treats them as the rest"),
        ], returns: "augq.Quantized"
      ) { call in
        let model = try call.object(ModelObject.self, 0).value
        let given = try call.options(1)
        var options = QuantizationOptions(
          weights: given.object("weights", GridRecipeObject.self)?.value,
          activations: given.object("activations", GranularityObject.self)?.value,
          firstLast: given.string("first_last") == "same" ? nil : .eightBit)
        options.layers = try grids(
          given.value("layers"), "layers", "stem.weight", "a granularity or a codebook"
        ) {
          ($0 as? GridRecipeObject)?.value
        }
        options.nodes = try grids(given.value("nodes"), "nodes", "stem_relu", "a granularity") {
          ($0 as? GranularityObject)?.value
        }
        options.gradientRule = try BoundPlugin(
          named: given.value("gradient"), "gradient", PluginFiles(session: session), call.lua
        ).map(PluginGradient.init)
        let images = try calibration(given, model, options)
        let progress = session.progress
        let quantized = try QuantizedModel.quantizing(
          model, options, calibration: images, execution: session.execution,
          progress: { progress.update("calibrate", done: Int($0 * 100), total: 100) })
        progress.clear()
        return .object(QuantizedObject(quantized))
      },
      LuaFunction(
        "load_engine", "Reads a packed model file that engine:save() wrote.",
        parameters: [LuaParameter("path", "string", "the file")], returns: "augq.Engine"
      ) { call in .object(EngineObject(try IntegerEngine(IntegerModel(path: try call.path(0, for: .read)))))
      },
      LuaFunction(
        "golden_check", "Compares mode published with values that the AuGQ authors' code computed.",
        parameters: [
          LuaParameter("path", "string", "safetensors file laid out as augq_reference.safetensors")
        ],
        returns: "{ values: integer, tensors: integer, mismatches: string[] }"
      ) { call in
        let report = try GoldenCheck.compare(
          try SafetensorsFile(path: try call.path(0, for: .read)).tensors())
        return .table([
          ("values", .integer(report.values)), ("tensors", .integer(report.tensors)),
          ("mismatches", .list(report.mismatches.map { .string($0) })),
        ])
      },
    ]
  }

  /// Grids by name, of an option.
  private func grids(
    _ value: LuaValue?, _ option: String, _ example: String, _ expected: String,
    _ recipe: (AnyObject) -> (any GridRecipe)?
  ) throws -> [String: any GridRecipe] {
    guard let value, value.elements?.isEmpty != true else { return [:] }
    guard case .table(let members) = value else {
      throw LuaUsageError(
        "option '\(option)' is \(value.shown); expected { [\"\(example)\"] = granularity, … }")
    }
    return try Dictionary(
      members.map { key, value in
        if case .object(let object) = value, let recipe = recipe(object) { return (key, recipe) }
        throw LuaUsageError("option '\(option)' has \(value.shown) for '\(key)'; expected \(expected)")
      }
    ) { first, _ in first }
  }

  private func calibration(
    _ given: LuaOptions, _ model: Model, _ options: QuantizationOptions
  ) throws -> any CalibrationImages {
    let isEmpty = (given.object("calibration", DatasetObject.self)?.value.count ?? 0) == 0
    if isEmpty, options.activations == nil { return Tensor(zeros: model.inputShape.batched(0)) }
    return try given.calibrationImages(
      for: model, purpose: "option 'calibration', which fits the activations,")
  }

  var types: [LuaType] { [quantized, engine] }

  private var quantized: LuaType {
    LuaType(
      "augq.Quantized", "A network with grids on its weights and activations; computes fake-quantized.",
      for: QuantizedObject.self,
      methods: [
        LuaFunction(
          "compile", "Lowers the network to integers; fails for mode published and says why.",
          returns: "augq.Engine"
        ) { call in .object(EngineObject(try call.receiver(QuantizedObject.self).value.compiled())) },
        LuaFunction(
          "forward", "Computes the output for a batch, every planned value on its grid.",
          parameters: [LuaParameter("images", "augq.Tensor", "batch [N, …]")], returns: "augq.Tensor"
        ) { call in
          let quantized = try call.receiver(QuantizedObject.self).value
          let images = try call.images(for: quantized.model.graph)
          return .object(TensorObject(try quantized.forward(images, execution: session.execution)))
        },
        LuaFunction(
          "weights_on_levels",
          "Returns whether every planned weight is a level of its grid, as after rounding.",
          returns: "boolean"
        ) { call in
          .boolean(
            try call.receiver(QuantizedObject.self).value.hasWeightsOnLevels(execution: session.execution))
        },
        LuaFunction("layers", "Returns what the weights of each layer cost.", returns: "table[]") { call in
          Self.rows(
            try call.receiver(QuantizedObject.self).value.summary(execution: session.execution).weights)
        },
        LuaFunction(
          "activations", "Returns what the outputs of each node with a grid cost, for one image.",
          returns: "table[]"
        ) { call in
          Self.rows(
            try call.receiver(QuantizedObject.self).value.summary(execution: session.execution).activations)
        },
        LuaFunction(
          "memory",
          "Returns, step by step, the activations that are in memory: { node, alive = { { key, count }, … } }.",
          returns: "table[]"
        ) { call in
          .list(
            try call.receiver(QuantizedObject.self).value.memorySteps.map { step in
              .table([
                ("node", .string(step.node)),
                (
                  "alive",
                  .list(
                    step.alive.map { .table([("key", .string($0.key)), ("count", .integer($0.count))]) })
                ),
              ])
            })
        },
      ],
      properties: [
        LuaProperty(
          "graph", "augq.Graph", "the architecture, batch norms folded; changes to it change nothing"
        ) {
          .object(GraphObject(try $0.receiver(QuantizedObject.self).value.model.graph))
        },
        LuaProperty(
          "bits", "table",
          "mean bits per weight: nominal, stored, entropy, side; unquantized in percent; count"
        ) { call in
          let summary = try call.receiver(QuantizedObject.self).value.summary(execution: session.execution)
          return summary.weightStorage.map { .table(Self.fields($0)) } ?? .nil
        },
        LuaProperty("activation_bits", "table", "the same, mean over the activations of one image") { call in
          let summary = try call.receiver(QuantizedObject.self).value.summary(execution: session.execution)
          return summary.activationStorage.map { .table(Self.fields($0)) } ?? .nil
        },
        LuaProperty("byte_count", "integer", "bytes of the packed model file") { call in
          .integer(try call.receiver(QuantizedObject.self).value.fileByteCount(execution: session.execution))
        },
      ],
      bytes: { $0.value.model.parameters.values.reduce(0) { $0 + $1.storage.byteCount } },
      description: { Self.description($0.value) },
      inspection: { Inspection.text(Self.description($0.value), $0.value) })
  }

  private static func description(_ model: QuantizedModel) -> String {
    "Quantized network of \(model.plan.weights.count) weights and \(model.plan.activations.count) activations"
  }

  private static func rows(_ rows: [QuantizationSummary.Row]) -> LuaValue {
    .list(
      rows.map { row in
        .table(
          [
            ("key", .string(row.key)), ("role", .string(row.role.rawValue)), ("levels", .integer(row.levels)),
          ] + fields(row.storage))
      })
  }

  static func fields(_ report: StorageReport) -> [(key: String, value: LuaValue)] {
    [
      ("nominal", .number(report.nominal)), ("stored", .number(report.stored)),
      ("entropy", .number(report.entropy)),
      ("side", .number(report.side)), ("unquantized", .number(100 * report.unquantizedShare)),
      ("count", .integer(report.count)),
    ]
  }

  private var engine: LuaType {
    LuaType(
      "augq.Engine", "Integer-only inference: no float between the quantized input and the logits.",
      for: EngineObject.self,
      methods: [
        LuaFunction(
          "save", "Writes the packed model file, whole or not at all.",
          parameters: [LuaParameter("path", "string", "where")]
        ) { call in
          try call.receiver(EngineObject.self).value.model.write(to: try call.path(0, for: .write))
          return .none
        },
        LuaFunction(
          "forward", "Computes the logits of a batch.",
          parameters: [LuaParameter("images", "augq.Tensor", "batch [N, …]")],
          returns: "augq.Tensor"
        ) { call in
          let images = try call.object(TensorObject.self, 0).value
          let logits = try call.receiver(EngineObject.self).value.logits(
            of: images, execution: session.execution)
          return .object(TensorObject(logits.tensor))
        },
      ],
      properties: [
        LuaProperty("byte_count", "integer", "bytes of the packed model file") {
          .integer(try $0.receiver(EngineObject.self).value.model.byteCount)
        },
        LuaProperty("kernels", "string", "the instruction set it runs with") {
          .string("\(try $0.receiver(EngineObject.self).value.variant)")
        },
      ],
      description: { "Integer engine of \($0.value.model.nodes.count) nodes (\($0.value.variant))" })
  }
}
