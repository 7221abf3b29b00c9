import Interchange
import Layers
import LuaRuntime
import Pipelines
import Tensors

/// Loading, building and saving networks.
struct ModelModule: Sendable {
  let session: Session

  var functions: [LuaFunction] {
    [
      LuaFunction(
        "load",
        "Loads a network: PATH.lua builds the architecture, PATH.safetensors has the values; or one ONNX file.",
        parameters: [
          LuaParameter(
            "source", "string|augq.Graph",
            "path without extension, or x.onnx, beside the script or as given; or a graph, with the option weights"
          ),
          LuaParameter("options", "table", "options", optional: true),
        ],
        options: [
          LuaOption("weights", .string, "file of the values instead: ours, or a PyTorch state dictionary"),
          Self.architectureOption,
        ],
        returns: "augq.Model"
      ) { call in
        let given = try call.options(1)
        let built = try call.optionalObject(GraphObject.self, 0)?.value
        if built == nil {
          let source = try call.string(0)
          if source.hasSuffix(".onnx") { return try onnx(call, given) }
          try checkHasArchitecture(source, call.lua)
        }
        if built != nil, !given.has("weights") {
          throw LuaUsageError("a graph has no values; name their file with the option 'weights'")
        }
        let weights = try resolve(
          given.string("weights") ?? call.string(0), given.has("weights") ? "" : ".safetensors", call.lua)
        let graph = try built ?? architecture(call, given.value("architecture"))
        try call.reserveParameters(of: graph)
        return .object(ModelObject(try Checkpoint.load(weights, into: graph)))
      },
      LuaFunction(
        "build", "Makes a network with fresh values from a Lua model file or a graph.",
        parameters: [
          LuaParameter("source", "string|augq.Graph", "path without extension, or a graph"),
          LuaParameter("options", "table", "options", optional: true),
        ],
        options: [
          LuaOption("seed", .integer(0...Int.max), default: "1", "seed of the initial values"),
          Self.architectureOption,
        ],
        returns: "augq.Model"
      ) { call in
        let given = try call.options(1)
        let built = try call.optionalObject(GraphObject.self, 0)?.value
        let graph = try built ?? architecture(call, given.value("architecture"))
        try call.reserveParameters(of: graph)
        return .object(ModelObject(Model(graph: graph, seed: UInt64(given.integer("seed") ?? 1))))
      },
      LuaFunction(
        "architecture", "Builds the graph of a Lua model file, without values.",
        parameters: [
          LuaParameter("path", "string", "path without extension, beside the script or as given"),
          LuaParameter("options", "table", "what the model file's function takes", optional: true),
        ], returns: "augq.Graph"
      ) { call in .object(GraphObject(try architecture(call, call.isAbsent(1) ? nil : call.read(1)))) },
    ]
  }

  /// Refuses files of values alone, which say no architecture.
  private func checkHasArchitecture(_ source: String, _ lua: LuaState) throws {
    let isPickle = isNamedAsPickle(source)
    guard isPickle || source.hasSuffix(".safetensors"), FileStatus.exists(try resolve(source, "", lua)) else {
      return
    }
    if isPickle { throw InterchangeError.pickle(path: source) }
    throw LuaUsageError(
      "'\(source)' has values but no architecture; give augq.load a graph, such as augq.model.resnet { depth = 18 }, "
        + "and the option weights = \"\(source)\", or the path without extension when its model file is beside it"
    )
  }

  private func onnx(_ call: LuaCall, _ given: LuaOptions) throws -> LuaValue {
    if let name = ["weights", "architecture"].first(where: given.has) {
      throw LuaUsageError(
        "an ONNX file holds weights and architecture itself; leave the option '\(name)' out")
    }
    return .object(ModelObject(try ONNXFile(path: resolve(call.string(0), ".onnx", call.lua)).model()))
  }

  private static let architectureOption = LuaOption(
    "architecture", .any("a table"), "what the model file's function takes, such as { width = 0.25 }")

  /// The path with its extension: beside the script when it is there, else as given.
  private func resolve(_ path: String, _ ending: String, _ lua: LuaState) throws -> String {
    let stem = path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path
    let beside = try? lua.path("\(session.scriptFolder)/\(stem)\(ending)", for: .read)
    if let beside, !path.hasPrefix("/"), FileStatus.exists(beside) { return beside }
    return try lua.path(stem + ending, for: .read)
  }

  /// Builds the graph of the model file that argument 1 names.
  ///
  /// The file returns a graph, or a function that makes one from `options`. It may require modules of its own folder.
  private func architecture(_ call: LuaCall, _ options: LuaValue?) throws -> Graph {
    let path = try resolve(call.string(0), ".lua", call.lua)
    let text = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
    return try call.lua.searching(FileStatus.folder(of: path)) {
      var result = try call.lua.evaluate(text, name: "@" + path)
      if case .function(let build) = result {
        result = try build.result([try table(options)])
      } else if let options, options.elements?.isEmpty != true {
        throw PipelineError.checkpoint(
          path: path, problem: "the file returns a graph, not a function, so it takes no architecture options"
        )
      }
      guard case .object(let object) = result, let graph = object as? GraphObject else {
        throw PipelineError.checkpoint(
          path: path, problem: "a model file must return the graph it built, or a function that returns it")
      }
      return graph.value
    }
  }

  private func table(_ options: LuaValue?) throws -> LuaValue {
    switch options {
    case nil: return .table([])
    case .table(let members): return .table(members)
    case .list(let elements) where elements.isEmpty: return .table([])
    case .some(let other):
      throw LuaUsageError("option 'architecture' is \(other.shown); expected a table with names as keys")
    }
  }

  var types: [LuaType] {
    [
      LuaType(
        "augq.Model", "A network: architecture and FP32 values.", for: ModelObject.self,
        methods: [
          LuaFunction(
            "save", "Writes PATH.safetensors and PATH.lua, each whole or not at all.",
            parameters: [LuaParameter("path", "string", "path without extension")]
          ) { call in
            let model = try call.receiver(ModelObject.self).value
            let path = try call.string(0)
            let architecture = try call.lua.path(path + ".lua", for: .write)
            try Checkpoint.save(model, to: call.lua.path(path + ".safetensors", for: .write))
            if !FileStatus.exists(architecture) {
              try AtomicFile.write(Checkpoint.architecture(of: model.graph), to: architecture)
            }
            return .none
          },
          LuaFunction(
            "fold_batch_norm", "Returns the network with every batch norm folded into the layer before it.",
            returns: "augq.Model"
          ) { call in .object(ModelObject(try call.receiver(ModelObject.self).value.foldingBatchNorm())) },
          LuaFunction(
            "forward", "Computes the output for a batch.",
            parameters: [LuaParameter("images", "augq.Tensor", "batch [N, …]")], returns: "augq.Tensor"
          ) { call in
            let model = try call.receiver(ModelObject.self).value
            let images = try call.images(for: model.graph)
            return .object(TensorObject(try model.forward(images, execution: session.execution)))
          },
          LuaFunction(
            "parameter", "Returns a copy of one parameter or buffer.",
            parameters: [LuaParameter("key", "string", "such as stem.weight")], returns: "augq.Tensor"
          ) { call in
            let parameters = try call.receiver(ModelObject.self).value.parameters
            let key = try call.string(0)
            guard let value = parameters[key] else {
              throw LuaUsageError(
                "the model has no parameter '\(key)'. \(nearest(key, among: Array(parameters.keys)))")
            }
            return .object(TensorObject(value))
          },
        ],
        properties: [
          LuaProperty("graph", "augq.Graph", "the architecture; changes to it change nothing") {
            .object(GraphObject(try $0.receiver(ModelObject.self).value.graph))
          },
          LuaProperty("parameter_count", "integer", "number of trainable values") { call in
            .integer(try call.receiver(ModelObject.self).value.trainableCount)
          },
          LuaProperty("byte_count", "integer", "bytes of all values in FP32, batch norms folded") { call in
            let folded = try call.receiver(ModelObject.self).value.foldingBatchNorm()
            return .integer(folded.parameters.values.reduce(0) { $0 + $1.storage.byteCount })
          },
        ],
        bytes: { $0.value.parameters.values.reduce(0) { $0 + $1.storage.byteCount } },
        description: { Self.description($0.value) },
        inspection: {
          Inspection.text(Self.description($0.value), $0.value.graph, values: $0.value.parameters)
        })
    ]
  }
  private static func description(_ model: Model) -> String {
    "Model of \(model.graph.nodes.count - 1) layers, \(model.trainableCount) parameters"
  }
}
