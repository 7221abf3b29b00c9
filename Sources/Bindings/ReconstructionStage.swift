import LuaRuntime
import Reconstruction

/// One stage of a fine-tuning method: its keys, and the options they make.
enum ReconstructionStage {
  static let options = [
    LuaOption("iterations", .integer(1...10_000_000), default: "500", "steps per unit"),
    LuaOption("batch", .integer(1...65_536), default: "32", "images per step"),
    LuaOption("seed", .integer(0...Int.max), default: "1", "seed of batches and draws"),
    LuaOption(
      "rounding", .name(["adaround", "adaquant", "nearest"]), default: "\"adaround\"",
      "adaround: a learned choice between neighbouring levels; adaquant: continuous weights through the quantizer"
    ),
    LuaOption(
      "learning_rate", .number(1e-9...1e3), default: "0.01 (adaquant 0.001)", "step of Adam on weights"),
    LuaOption(
      "regularization", .number(0...1e6), default: "0.05",
      "weight of AdaRound's regulariser against the error"),
    LuaOption("warmup", .number(0...0.99), default: "0.2", "share of the steps without regulariser"),
    LuaOption(
      "beta", .numbers, default: "{ 20, 2 }", "exponent of the regulariser after the warm-up and at the end"),
    LuaOption("ranges", .name(["learned", "fixed"]), default: "\"learned\"", "ranges of activations"),
    LuaOption(
      "range_learning_rate", .number(1e-9...1e3), default: "0.0003", "step of Adam on factors of ranges"),
    LuaOption(
      "biases", .name(["fixed", "learned"]), default: "\"fixed\"",
      "biases of convolutions and linear layers"),
    LuaOption("bias_learning_rate", .number(1e-9...1e3), default: "0.001", "step of Adam on biases"),
    LuaOption(
      "activations", .name(["quantized", "full_precision"]), default: "\"quantized\"",
      "full_precision: the stage sees quantized weights and FP32 activations everywhere (BRECQ's first stage)"
    ),
    LuaOption(
      "input", .name(["mixed", "quantized", "full_precision"]), default: "\"mixed\"",
      "what units read: each value of either network (QDrop), those of the quantized one, or those of the FP32 one"
    ),
    LuaOption("input_share", .number(0...1), default: "0.5", "share of quantized values in mixed inputs"),
    LuaOption(
      "quantized_share", .number(0...1), default: "0.5",
      "probability that an activation inside a unit is quantized in a step"),
    LuaOption("weighting", .name(["uniform", "fisher"]), default: "\"uniform\"", "weights of output errors"),
    LuaOption("power", .number(1...4), default: "2", "power of output errors"),
  ]

  /// The stages of a method with the call's options over them.
  static func stages(
    of method: LuaValue, _ given: LuaOptions, _ call: LuaCall
  ) throws -> [ReconstructionOptions] {
    guard let stages = method["stages"]?.elements, !stages.isEmpty else {
      throw LuaUsageError("a method is a table { units = …, stages = { … } } with at least 1 stage")
    }
    return try stages.map { stage in
      guard case .table(let members) = stage else {
        throw LuaUsageError("a stage is \(stage.shown); expected a table such as { rounding = \"adaround\" }")
      }
      return try options(LuaOptions(members, rows: options, call.lua), given)
    }
  }

  private static func options(_ stage: LuaOptions, _ given: LuaOptions) throws -> ReconstructionOptions {
    func integer(_ name: String) -> Int? { given.integer(name) ?? stage.integer(name) }
    func number(_ name: String) -> Float? { (given.number(name) ?? stage.number(name)).map(Float.init) }
    func text(_ name: String) -> String? { given.string(name) ?? stage.string(name) }
    var options = ReconstructionOptions()
    options.iterations = integer("iterations") ?? options.iterations
    options.batch = integer("batch") ?? options.batch
    options.seed = integer("seed").map(UInt64.init) ?? options.seed
    options.power = number("power") ?? options.power
    options.quantizedShare = number("quantized_share") ?? options.quantizedShare
    options.weighting = text("weighting") == "fisher" ? .fisherDiagonal : .uniform
    switch text("rounding") {
    case "nearest": options.rounding = .nearest
    case "adaquant": options.rounding = .adaQuant(learningRate: number("learning_rate") ?? 1e-3)
    default:
      options.rounding = .adaRound(try settings(number, given.numbers("beta") ?? stage.numbers("beta")))
    }
    options.ranges =
      text("ranges") == "fixed" ? .fixed : .learned(learningRate: number("range_learning_rate") ?? 3e-4)
    options.biases =
      text("biases") == "learned" ? .learned(learningRate: number("bias_learning_rate") ?? 1e-3) : .fixed
    options.activations = text("activations") == "full_precision" ? .fullPrecision : .quantized
    options.input =
      switch text("input") {
      case "quantized": .quantized
      case "full_precision": .fullPrecision
      default: .mixed(quantizedShare: number("input_share") ?? 0.5)
      }
    try options.validate()
    return options
  }

  private static func settings(
    _ number: (String) -> Float?, _ beta: [Double]?
  ) throws -> AdaRoundSettings {
    var settings = AdaRoundSettings()
    settings.learningRate = number("learning_rate") ?? settings.learningRate
    settings.regularization = number("regularization") ?? settings.regularization
    settings.warmup = number("warmup") ?? settings.warmup
    if let beta {
      guard beta.count == 2, beta[0] >= beta[1] else {
        throw LuaUsageError(
          "option 'beta' is { \(beta.map { "\($0)" }.joined(separator: ", ")) }; expected { first, last }, the first not less"
        )
      }
      settings.beta = Float(beta[1])...Float(beta[0])
    }
    return settings
  }
}
