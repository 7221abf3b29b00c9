import Interchange
import Layers
import LuaRuntime
import Pipelines
import Quantizers
import Reconstruction
import Tensors

/// `augq.reconstruct`: PTQ fine-tuning, a method being a list of stages.
struct ReconstructionModule: Sendable {
  let session: Session

  var functions: [LuaFunction] { [reconstruct, peakBytes, seconds] }

  private var reconstruct: LuaFunction {
    LuaFunction(
      "reconstruct",
      "Fine-tunes rounding and ranges of a quantized network unit by unit, from a few images without labels.",
      parameters: [
        LuaParameter("network", "augq.Quantized", "what to fine-tune"),
        LuaParameter("options", "table", "options; those of stages apply to every stage of the method"),
      ],
      options: [
        LuaOption(
          "calibration", .object(["augq.Dataset"]), default: nil, "images; 64 are enough to begin with"),
        LuaOption(
          "method", .any("a name or a table { units = …, stages = { … } }"), default: "\"qdrop\"",
          "plugin of kind reconstruction: adaround, brecq, qdrop, adaquant, ptmq, or one of yours"),
        LuaOption(
          "units", .any("a name, a list of { name, entry, exit } or a function of the graph"),
          default: "the method's", "plugin of kind partition: layer, block, stage, network, or one of yours"),
        LuaOption(
          "widths", .any("a list of augq.Quantized"),
          "networks of the same weights and other activation grids, fine-tuned with the same rounding"),
        LuaOption(
          "reference", .object(["augq.Model"]), default: "the network as it is",
          "the FP32 network; needed when the weights are rounded already, as after augq.round"),
        LuaOption(
          "folder", .path(.write),
          "where results of finished units are kept, so that a run that was killed goes on"
        ),
      ] + ReconstructionStage.options,
      returns: "augq.Quantized, { seconds: number, units: table[], widths: augq.Quantized[] }"
    ) { call in try run(call) }
  }

  private var peakBytes: LuaFunction {
    LuaFunction(
      "peak_bytes", "Returns the most memory the process has had in use, mapped caches included.",
      returns: "integer"
    ) { _ in .integer(ResourceUsage.peakBytes) }
  }

  private var seconds: LuaFunction {
    let begin = ContinuousClock.now
    return LuaFunction(
      "seconds",
      "Returns the wall-clock time since the recipe began, in seconds; os.clock counts processor time.",
      returns: "number"
    ) { _ in .number((ContinuousClock.now - begin).seconds) }
  }

  private func run(_ call: LuaCall) throws -> LuaValue {
    let target = try call.object(QuantizedObject.self, 0).value
    let given = try call.options(1)
    guard let data = given.object("calibration", DatasetObject.self)?.value, data.count > 0 else {
      throw PipelineError.noImages(purpose: "option 'calibration' of augq.reconstruct")
    }
    let method = try self.method(given.value("method"), call)
    var networks = [target] + (try widths(given.value("widths"), of: target))
    let units = try self.units(given.value("units") ?? method["units"], target.model.graph, call)
    let stages = try ReconstructionStage.stages(of: method, given, call)
    let reference = try self.reference(given, target, stages)
    let begin = ContinuousClock.now
    var rows: [LuaValue] = []
    for (index, stage) in stages.enumerated() {
      let journal = try given.string("folder").map {
        try ReconstructionFolder(
          path: $0, stage: index + 1,
          run: try fingerprint(networks, reference, data, units, "\(stages[index])"))
      }
      var run = try NetworkReconstruction(networks, reference: reference, units: units, calibration: data)
      run.memoryBudget = session.calibrationBudget
      let reports = try run.run(stage, journal: journal, execution: session.execution) { step in
        session.progress.update(
          "stage \(index + 1) \(step.name)", done: step.unit * step.iterations + step.iteration,
          total: step.units * step.iterations)
      }
      networks = run.networks
      rows += reports.map { row($0, stage: index + 1) }
    }
    session.progress.clear()
    let seconds = (ContinuousClock.now - begin).seconds
    let tuned = networks.map { LuaValue.object(QuantizedObject($0)) }
    let report = LuaValue.table([
      ("seconds", .number(seconds)),
      ("units", .list(rows)),
      ("widths", .list(Array(tuned.dropFirst()))),
    ])
    return .values([tuned[0], report])
  }

  private func row(_ report: UnitReport, stage: Int) -> LuaValue {
    .table([
      ("name", .string(report.name)), ("stage", .integer(stage)), ("before", .number(report.before)),
      ("after", .number(report.after)), ("undecided", .number(100 * report.undecided)),
      ("seconds", .number(report.seconds)), ("steps", .list(report.curve.steps.map { .integer($0) })),
      ("losses", .list(report.curve.losses.map { .number($0) })),
    ])
  }

  /// The FP32 network: targets of every stage, and the weights that are rounded.
  private func reference(
    _ given: LuaOptions, _ target: QuantizedModel, _ stages: [ReconstructionOptions]
  ) throws -> Model {
    if let reference = given.object("reference", ModelObject.self)?.value { return reference }
    let rounds = stages.contains { $0.rounding != .nearest }
    if rounds, !target.weightGrids.isEmpty, try target.hasWeightsOnLevels(execution: session.execution) {
      throw LuaUsageError(
        "the network's weights are on their levels already, which leaves no rounding to learn; give the option "
          + "'reference', the FP32 network")
    }
    return target.model
  }

  /// What the results of a stage depend on: the networks as the stage finds them, the FP32 network, images, units and
  /// options.
  private func fingerprint(
    _ networks: [QuantizedModel], _ reference: Model, _ images: Dataset, _ units: [ReconstructionUnit],
    _ options: String
  ) throws -> RunFingerprint {
    var result = RunFingerprint()
    result.add(reference)
    for network in networks { try result.add(network, execution: session.execution) }
    try images.forEachBatch(of: 64) { _, batch in result.add(batch) }
    for unit in units { result.add("\(unit)") }
    result.add(options)
    return result
  }

  private func method(_ value: LuaValue?, _ call: LuaCall) throws -> LuaValue {
    var method = value ?? .string("qdrop")
    if let name = method.text {
      let bound = try BoundPlugin(PluginFiles(session: session).load("reconstruction", name, call.lua))
      let plugin = bound.plugin
      let stages =
        try plugin.function("stages") == nil
        ? plugin["stages"] ?? .nil : plugin.call("stages", [bound.options])[0]
      method = .table([("units", plugin["units"] ?? .string("block")), ("stages", stages)])
    }
    guard case .table = method else {
      throw LuaUsageError(
        "option 'method' is \(method.shown); expected a name or a table { units = …, stages = { … } }")
    }
    return method
  }

  private func widths(_ value: LuaValue?, of target: QuantizedModel) throws -> [QuantizedModel] {
    guard let value else { return [] }
    return try (value.elements ?? [value]).map { element in
      guard case .object(let object) = element, let quantized = object as? QuantizedObject else {
        throw LuaUsageError("option 'widths' holds \(element.shown); expected a list of augq.Quantized")
      }
      guard try hasSameWeights(quantized.value, as: target) else {
        throw LuaUsageError(
          "option 'widths' holds a network with other weights; its networks differ from the first in the grids of "
            + "activations alone")
      }
      return quantized.value
    }
  }

  private func hasSameWeights(_ one: QuantizedModel, as other: QuantizedModel) throws -> Bool {
    func fingerprint(_ network: QuantizedModel) throws -> String {
      var (weights, result) = (network, RunFingerprint())
      weights.activationGrids = [:]
      try result.add(weights, execution: session.execution)
      return result.text
    }
    return try fingerprint(one) == fingerprint(other)
  }

  /// The units that a plugin, a function or a list names.
  private func units(_ value: LuaValue?, _ graph: Graph, _ call: LuaCall) throws -> [ReconstructionUnit] {
    var value = value ?? .string("block")
    if let name = value.text {
      return try BoundPlugin(PluginFiles(session: session).load("partition", name, call.lua)).units(of: graph)
    }
    if case .function(let partition) = value { value = try partition.result([.object(GraphObject(graph))]) }
    return try Self.units(value, graph)
  }

  /// The units of a list of names and node names.
  static func units(_ value: LuaValue, _ graph: Graph) throws -> [ReconstructionUnit] {
    guard let elements = value.elements, !elements.isEmpty else {
      throw LuaUsageError("units are \(value.shown); expected a list of { name = …, entry = …, exit = … }")
    }
    let units = try elements.map { element in
      guard let entry = element["entry"]?.text, let exit = element["exit"]?.text else {
        throw LuaUsageError("a unit is \(element.shown); expected { name = …, entry = …, exit = … }")
      }
      let region = try graph.region(
        from: GraphQueries.index(entry, graph), to: GraphQueries.index(exit, graph))
      return ReconstructionUnit(name: element["name"]?.text ?? exit, region: region)
    }
    return units.sorted { $0.region.exit < $1.region.exit }
  }
}

extension BoundPlugin {
  /// The units into which a partition plugin cuts a graph.
  func units(of graph: Graph) throws -> [ReconstructionUnit] {
    try ReconstructionModule.units(plugin.call("units", [.object(GraphObject(graph)), options])[0], graph)
  }
}
