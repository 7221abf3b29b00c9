import LuaRuntime
import Quantizers

/// `augq.granularity`: what a grid looks like.
enum GranularityModule {
  static let module = LuaModule(
    "granularity", "How values are cut into groups and intervals.",
    functions: [
      LuaFunction(
        "augq",
        "AuGQ (Mujtaba et al. 2025): K uniform intervals, each quantized affinely with the given bits.",
        parameters: [LuaParameter("options", "table", "options")],
        options: [bits, intervals("4"), mode, edges] + shared, returns: "augq.Granularity"
      ) { call in try specification(try call.options(0), intervals: 4, choice: nil) },
      LuaFunction(
        "uniform", "One uniform affine grid.", parameters: [LuaParameter("options", "table", "options")],
        options: [bits] + shared, returns: "augq.Granularity"
      ) { call in try specification(try call.options(0), intervals: 1, choice: nil) },
      LuaFunction(
        "block_interval",
        "Each block of weights picks one of K sub-ranges (scales s, s/r, s/r^2, …) by least error; one stored index per block.",
        parameters: [LuaParameter("options", "table", "options")],
        options: [
          bits, intervals("4"),
          LuaOption("block", .integer(1...4096), default: "8", "weights that share an index"),
          LuaOption("ratio", .number(1.01...16), default: "1.6", "ratio of neighbouring sub-ranges"),
        ] + shared, returns: "augq.Granularity"
      ) { call in
        let given = try call.options(0)
        return try specification(given, intervals: 4, choice: .perBlock(size: given.integer("block") ?? 8))
      },
    ],
    types: [
      LuaType(
        "augq.Granularity", "What a grid looks like.", for: GranularityObject.self,
        description: { object in
          let it = object.value
          return "\(it.bits) bits x \(it.intervals) intervals per \(it.group), \(it.mode)"
        })
    ])

  private static let bits = LuaOption("bits", .integer(1...8), default: nil, "bits inside an interval")
  private static func intervals(_ fallback: String) -> LuaOption {
    LuaOption("intervals", .integer(1...16), default: fallback, "intervals of the range")
  }
  private static let mode = LuaOption(
    "mode", .name(["clamp", "published"]), default: "\"clamp\"",
    "clamp: every value gets a code; published: as the authors' code, values at or beyond the edges stay FP32"
  )
  private static let edges = LuaOption(
    "edges", .numbers, "inner edges as rising fractions of the range; equal intervals when absent")
  private static let shared = [
    LuaOption(
      "group", .any("\"tensor\", \"channel\" or a block size"), default: "\"tensor\"",
      "which values share a range"),
    LuaOption("symmetric", .boolean, default: "false", "whether the zero point is in the middle"),
    LuaOption(
      "observer", .name(["minmax", "percentile", "mse", "lp"]), default: "\"mse\", in mode published \"lp\"",
      "how the range is found; lp is the paper's search with p = 2.4"),
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

  private static func specification(_ given: LuaOptions, intervals: Int, choice: IntervalChoice?) throws
    -> LuaValue
  {
    var result = GridSpecification(
      bits: given.integer("bits") ?? 8, intervals: given.integer("intervals") ?? intervals)
    result.group = try group(given.value("group"))
    result.mode = given.string("mode") == "published" ? .published : .clamp
    result.isSymmetric = given.boolean("symmetric") ?? false
    result.observer = observer(given)
    if given.string("rounding") == "stochastic" {
      result.rounding = .stochastic(seed: UInt64(given.integer("seed") ?? 1))
    }
    if let fractions = given.numbers("edges") { result.edges = .fractions(fractions.map(Float.init)) }
    if let choice {
      result.choice = choice
      result.edges = .geometric(ratio: Float(given.number("ratio") ?? 1.6))
    }
    try result.validate()
    return .object(GranularityObject(result))
  }

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

  private static func observer(_ given: LuaOptions) -> Observer {
    let candidates = given.integer("candidates") ?? 80
    return switch given.string("observer") {
    case "minmax": .minMax
    case "percentile": .percentile(share: Float((given.number("percentile") ?? 99.9) / 100))
    case "mse": .meanSquaredError(candidates: candidates)
    case "lp": .lpSearch(power: Float(given.number("power") ?? 2.4), candidates: candidates)
    // Least squares is what layer outputs are measured by; the paper's exponent 2.4 does as well (91.70 and 91.58 % on
    // fashion_cnn, AuGQ 2-bit).
    default:
      given.string("mode") == "published"
        ? .lpSearch(power: 2.4, candidates: candidates) : .meanSquaredError(candidates: candidates)
    }
  }
}

final class GranularityObject: Sendable {
  let value: GridSpecification
  init(_ value: GridSpecification) { self.value = value }
}
