import Interchange
import Layers
import LuaRuntime
import Pipelines
import Quantizers
import Reconstruction
import Tensors

/// Rounding without training, statistics repair, and stages that prepare FP32 networks for quantization.
struct PreprocessingModule: Sendable {
  let session: Session

  var functions: [LuaFunction] { [round, correctBias] }

  private var hooks: PluginHooks { PluginHooks(files: PluginFiles(session: session)) }

  var module: LuaModule {
    LuaModule(
      "transform", "FP32 networks made easier to quantize; their outputs stay the same.",
      functions: [equalize, factorize, absorbBias, splitChannels], more: hooks.transforms)
  }

  private static let calibration = LuaOption(
    "calibration", .object(["augq.Dataset"]), "images that show what the layers read")
  private static let batch = LuaOption("batch", .integer(1...65536), default: "32", "images per forward pass")
  private static let reluSix = LuaOption(
    "replace_relu6", .boolean, default: "false",
    "make every ReLU6 a ReLU first, so that channels can be scaled across it; outputs change where 6 was reached"
  )

  private var round: LuaFunction {
    LuaFunction(
      "round", "Rounds weights for the least error of each layer's output, without training.",
      parameters: [
        LuaParameter("quantized", "augq.Quantized", "a quantized network"),
        LuaParameter("options", "table", "options"),
      ],
      options: [
        Self.calibration,
        LuaOption(
          "method", .string, default: "\"closed\"",
          "closed: column by column on any grid (GPTQ); bit_split: ternary bit planes with scales per channel of their own; "
            + "or a plugin of kind rounding"),
        LuaOption(
          "inputs", .name(["corrected", "quantized", "float"]), default: "\"corrected\"",
          "float: the FP32 network's inputs; quantized: those of the layers already rounded; corrected: these, with the "
            + "FP32 output as the goal"),
        LuaOption(
          "order", .name(["falling", "natural"]), default: "\"falling\"",
          "falling: columns with the strongest inputs first"),
        LuaOption(
          "damping", .number(1e-9...1), default: "0.01", "share of the mean diagonal added to the Hessian's"),
        LuaOption(
          "sweeps", .integer(0...100), default: "10", "sweeps of coordinate descent after method closed"),
        LuaOption(
          "patches", .integer(1...(1 << 30)), default: "65536",
          "patches of a layer, evenly taken from all images, that make its Hessian, at most"),
        Self.batch,
      ], returns: "augq.Quantized"
    ) { call in
      let quantized = try call.object(QuantizedObject.self, 0).value
      let given = try call.options(1)
      if let method = given.string("method"), !["closed", "bit_split"].contains(method) {
        return .object(QuantizedObject(try hooks.round(quantized, method, call.lua)))
      }
      let images = try given.calibrationImages(
        for: quantized.model, purpose: "option 'calibration' of augq.round")
      let round =
        given.string("method") == "bit_split"
        ? QuantizedModel.roundedByBitSplit : QuantizedModel.roundedClosedForm
      let result = try withProgress("round") {
        try round(quantized)(images, closedFormOptions(given), session.execution, $0)
      }
      return .object(QuantizedObject(result))
    }
  }

  private func closedFormOptions(_ given: LuaOptions) -> ClosedFormOptions {
    var options = ClosedFormOptions(memoryLimit: session.calibrationBudget)
    switch given.string("inputs") {
    case "float": options.inputs = .floatingPoint
    case "quantized": options.inputs = .quantized
    default: break
    }
    if given.string("order") == "natural" { options.order = .natural }
    options.damping = given.number("damping") ?? options.damping
    options.sweeps = given.integer("sweeps") ?? options.sweeps
    options.patchLimit = given.integer("patches") ?? options.patchLimit
    options.batch = given.integer("batch") ?? options.batch
    return options
  }

  private var correctBias: LuaFunction {
    LuaFunction(
      "correct_bias", "Moves biases so that the mean output of every channel is that of the FP32 network.",
      parameters: [
        LuaParameter("quantized", "augq.Quantized", "a quantized network"),
        LuaParameter("options", "table", "options"),
      ],
      options: [
        Self.calibration,
        LuaOption(
          "reference", .object(["augq.Model"]),
          "the FP32 network; needed after augq.round, which replaces the weights, and by method batch_norm"),
        LuaOption(
          "method", .name(["images", "batch_norm"]), default: "\"images\"",
          "images: measured on the calibration images; batch_norm: from the reference's batch norms, without images"
        ),
        Self.batch,
      ], returns: "augq.Quantized"
    ) { call in
      let quantized = try call.object(QuantizedObject.self, 0).value
      let given = try call.options(1)
      let reference = given.object("reference", ModelObject.self)?.value
      if given.string("method") == "batch_norm" {
        guard let reference else {
          throw LuaUsageError(
            "method batch_norm needs the option 'reference', the network with its batch norms")
        }
        let result = try quantized.correctingBias(batchNormsOf: reference, execution: session.execution)
        return .object(QuantizedObject(result.model))
      }
      let images = try given.calibrationImages(
        for: quantized.model, purpose: "option 'calibration' of augq.correct_bias")
      let result = try withProgress("correct bias") {
        try quantized.correctingBias(
          calibration: images, reference: reference, batch: given.integer("batch") ?? 32,
          memoryLimit: session.calibrationBudget, execution: session.execution, progress: $0)
      }
      return .object(QuantizedObject(result))
    }
  }

  private var equalize: LuaFunction {
    LuaFunction(
      "equalize",
      "Gives each channel the same range in the layer that makes it and in the one that reads it.",
      parameters: Self.stageParameters,
      options: [
        LuaOption("iterations", .integer(1...10_000), default: "100", "passes over the pairs, at most"),
        Self.reluSix,
      ], returns: "augq.Model, integer"
    ) { call in
      let given = try call.options(1)
      return try Self.scaled(call, given, .equalize(iterations: given.integer("iterations") ?? 100))
    }
  }

  private var factorize: LuaFunction {
    LuaFunction(
      "factorize",
      "Gives every channel of a layer the range of its largest one; the next layer makes up for it.",
      parameters: Self.stageParameters, options: [Self.reluSix], returns: "augq.Model, integer"
    ) { call in try Self.scaled(call, try call.options(1), .factorize) }
  }

  private static let stageParameters = [
    LuaParameter("model", "augq.Model", "an FP32 network"),
    LuaParameter("options", "table", "options", optional: true),
  ]

  private static func scaled(_ call: LuaCall, _ given: LuaOptions, _ scaling: ChannelScaling) throws
    -> LuaValue
  {
    var model = try call.object(ModelObject.self, 0).value
    if given.boolean("replace_relu6") == true { model = try model.replacingReLU6().model }
    return values(try model.scalingChannels(scaling))
  }

  private static func values(_ result: PreprocessedModel) -> LuaValue {
    .values([.object(ModelObject(result.model)), .integer(result.changed)])
  }

  private var absorbBias: LuaFunction {
    LuaFunction(
      "absorb_bias",
      "Moves the part of biases that ReLU never cuts to the next layer, which shrinks activations.",
      parameters: [Self.stageParameters[0], LuaParameter("options", "table", "options")],
      options: [
        Self.calibration,
        LuaOption(
          "deviations", .number(0...10), default: "3",
          "standard deviations below a channel's mean that stay with it"),
        Self.batch,
      ], returns: "augq.Model, integer"
    ) { call in
      let model = try call.object(ModelObject.self, 0).value
      let given = try call.options(1)
      let images = try given.calibrationImages(
        for: model, purpose: "option 'calibration' of augq.transform.absorb_bias")
      return Self.values(
        try model.absorbingBias(
          calibration: images, deviations: given.number("deviations") ?? 3,
          batch: given.integer("batch") ?? 32,
          execution: session.execution))
    }
  }

  private var splitChannels: LuaFunction {
    LuaFunction(
      "split_channels", "Doubles the input channels of the largest weights and halves those weights.",
      parameters: Self.stageParameters,
      options: [
        LuaOption(
          "ratio", .number(0.0001...1), default: "0.02", "share of a layer's input channels, rounded up"),
        LuaOption(
          "bits", .integer(2...8),
          "bits of the weights' grid: halves then round to the rounded whole; even halves when absent"),
      ], returns: "augq.Model, integer"
    ) { call in
      let given = try call.options(1)
      let options = ChannelSplitting(ratio: given.number("ratio") ?? 0.02, bits: given.integer("bits"))
      return Self.values(try call.object(ModelObject.self, 0).value.splittingChannels(options))
    }
  }

  private func withProgress<Result>(_ label: String, _ body: (@escaping (Double) -> Void) throws -> Result)
    rethrows
    -> Result
  {
    let progress = session.progress
    defer { progress.clear() }
    return try body { progress.update(label, done: Int($0 * 100), total: 100) }
  }
}
