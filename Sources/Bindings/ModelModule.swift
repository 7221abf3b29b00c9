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
          LuaParameter("path", "string", "path without extension, or x.onnx, beside the script or as given")
        ],
        returns: "augq.Model"
      ) { call in
        if try call.string(0).hasSuffix(".onnx") {
          return .object(ModelObject(try ONNXFile(path: try resolve(call.string(0), ".onnx")).model()))
        }
        let path = try resolve(call.string(0), ".safetensors")
        let graph = try architecture(try resolve(call.string(0), ".lua"), call)
        return .object(ModelObject(try Checkpoint.load(path, into: graph)))
      },
      LuaFunction(
        "build", "Makes a network with fresh values from a Lua model file or a graph.",
        parameters: [
          LuaParameter("source", "string|augq.Graph", "path without extension, or a graph"),
          LuaParameter("options", "table", "options", optional: true),
        ],
        options: [LuaOption("seed", .integer(0...Int.max), default: "1", "seed of the initial values")],
        returns: "augq.Model"
      ) { call in
        let seed = UInt64(try call.options(1).integer("seed") ?? 1)
        let built = try call.optionalObject(GraphObject.self, 0)?.value
        let graph = try built ?? architecture(try resolve(call.string(0), ".lua"), call)
        return .object(ModelObject(Model(graph: graph, seed: seed)))
      },
    ]
  }

  /// The path with its extension: beside the script when it is there, else as given.
  private func resolve(_ path: String, _ ending: String) -> String {
    let stem = path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path
    let beside = "\(session.scriptFolder)/\(stem)\(ending)"
    return FileStatus.exists(beside) && !path.hasPrefix("/") ? beside : stem + ending
  }

  private func architecture(_ path: String, _ call: LuaCall) throws -> Graph {
    let file = try MappedFile(path: path)
    let text = String(decoding: file.bytes, as: UTF8.self)
    guard let graph = try call.lua.evaluate(text, name: "@" + path) as? GraphObject else {
      throw PipelineError.checkpoint(path: path, problem: "a model file must return the graph it built")
    }
    return graph.value
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
            try Checkpoint.save(model, to: path + ".safetensors")
            if !FileStatus.exists(path + ".lua") {
              try AtomicFile.write(Checkpoint.architecture(of: model.graph), to: path + ".lua")
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
            return .object(
              TensorObject(
                try model.forward(try call.object(TensorObject.self, 0).value, execution: session.execution)))
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
          LuaProperty("parameter_count", "integer", "number of trainable values") { call in
            .integer(try call.receiver(ModelObject.self).value.trainableCount)
          },
          LuaProperty("byte_count", "integer", "bytes of all values in FP32, batch norms folded") { call in
            let folded = try call.receiver(ModelObject.self).value.foldingBatchNorm()
            return .integer(folded.parameters.values.reduce(0) { $0 + $1.storage.byteCount })
          },
        ],
        bytes: { $0.value.parameters.values.reduce(0) { $0 + $1.storage.byteCount } },
        description: {
          "Model of \($0.value.graph.nodes.count - 1) layers, \($0.value.trainableCount) parameters"
        })
    ]
  }
}
