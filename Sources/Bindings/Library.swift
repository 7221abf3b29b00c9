public import LuaRuntime
public import Quantizers
import Runs

/// The module that recipes get with `require "augq"`: every native function of the workbench.
public enum Library {
  /// The version of the program and of its Lua API.
  public static let version = "0.1.0"

  /// Returns the module for one run.
  public static func module(_ session: Session) -> LuaModule {
    let models = ModelModule(session: session)
    let training = TrainingModule(session: session)
    let quantize = QuantizeModule(session: session)
    let reconstruction = ReconstructionModule(session: session)
    let preprocessing = PreprocessingModule(session: session)
    let files = PluginFiles(session: session)
    let hooks = PluginHooks(files: files)
    var data = DataModule.module
    data.more = hooks.datasets
    return LuaModule(
      "augq", "A workbench for neural-network quantization.",
      functions: GraphModule.functions + models.functions + quantize.functions
        + reconstruction.functions + preprocessing.functions
        + TensorQuantization(session: session).functions + training.functions
        + hooks.functions + RunModule(session: session).functions + [TableModule.function, params(session)],
      modules: [
        TensorModule.module, data, hooks.model, GranularityModule(files: files).module,
        CodebookModule(files: files).module,
        preprocessing.module, FigureModule(session: session).module,
      ]
        + TrainingModule.modules,
      types: GraphModule.types + models.types + quantize.types + TrainingModule.types + [
        TableModule.type(hooks.render)
      ])
  }

  /// The granularity or codebook that a Lua expression over `augq` gives.
  ///
  /// - Throws: ``LuaError``, or ``LuaUsageError`` when it gives something else.
  public static func gridRecipe(_ expression: String, _ lua: LuaState) throws -> any GridRecipe {
    let value = try lua.evaluate("local augq = require 'augq'; return \(expression)", name: "=expression")
    guard case .object(let object as GridRecipeObject) = value else {
      throw LuaUsageError("\(expression) gives \(value.shown); expected a granularity or a codebook")
    }
    return object.value
  }

  private static func params(_ session: Session) -> LuaFunction {
    LuaFunction(
      "params", "Reads the recipe's command-line options; --help prints them and ends the recipe.",
      parameters: [
        LuaParameter(
          "declared", "table",
          "{ name = { default, summary, low, high } } or { default, summary, { names } }; _ in a name is - on the command line"
        ),
        LuaParameter(
          "words", "string", "what words without -- are, such as \"FILE\"; without it they are an error",
          optional: true),
      ], returns: "table, string[]"
    ) { call in
      let parameters = try ScriptParameters(call.value(0))
      let words = try call.isAbsent(1) ? nil : call.string(1)
      if session.arguments.contains("--help") {
        print(
          "usage: augq run \(session.scriptPath) [options]\(words.map { " " + $0 } ?? "")\n\(parameters.usage)",
          terminator: "")
        throw ScriptExit(description: "help was printed", exitCode: 0)
      }
      let (values, rest) = try parameters.parse(session.arguments)
      if words == nil, let word = rest.first {
        throw ScriptExit(
          description: "the recipe takes no word '\(word)'; options begin with --, and --help lists them",
          exitCode: 64)
      }
      session.journal.take(
        Dictionary(values.compactMap { name, value in ParameterValue(value).map { (name, $0) } }) {
          first, _ in first
        })
      return .values([.table(values), .list(rest.map { .string($0) })])
    }
  }
}
