import Interchange
public import Layers
import Tensors

/// Reads and writes the values of a model beside its architecture.
public enum Checkpoint {
  /// Makes a model of `graph` with the values of a safetensors file: one of ours, or a PyTorch state dictionary.
  ///
  /// The names of PyTorch's modules are those of the graph's nodes; ``WeightLayout`` says how their values are ordered.
  ///
  /// - Throws: ``PipelineError/checkpoint(path:problem:)`` when keys or shapes differ, a value is not finite, or a
  ///   variance is not positive.
  public static func load(_ path: String, into graph: Graph) throws -> Model {
    let file = try SafetensorsFile(path: path)
    let layout = WeightLayout(metadata: file.metadata)
    let names = try CheckpointKeys(file, layout).names(for: Model.specifications(of: graph).map(\.key))
    let orders = layout == .pytorch ? graph.channelFirstOrders : [:]
    var values: [String: Tensor] = [:]
    for node in graph.nodes {
      for specification in node.layer?.parameters ?? [] {
        let key = "\(node.name).\(specification.name)"
        let stored = try file.tensor(names[key] ?? key)
        if let problem = problem(of: stored, specification, of: node.layer, layout) {
          throw PipelineError.checkpoint(path: path, problem: "'\(key)' \(problem)")
        }
        values[key] = layout.converted(stored, order: orders[node.name])
      }
    }
    return Model(graph: graph, parameters: values)
  }

  /// Why a stored tensor cannot be a parameter of a layer; `nil` when it can.
  private static func problem(
    of stored: Tensor, _ specification: ParameterSpecification, of layer: (any Layer)?, _ layout: WeightLayout
  ) -> String? {
    let needed = layout.storedShape(specification.shape)
    guard stored.shape == needed else {
      return "is \(stored.shape), but the architecture needs \(needed). "
        + "Train again, or load the architecture it was made with."
    }
    let values = stored.values
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      return "holds \(values[index]) at index \(index). Only finite weights can be used."
    }
    if specification.name == "running_var", let norm = layer as? BatchNorm,
      let variance = norm.unusableVariance(values)
    {
      return "holds \(variance), which with epsilon \(norm.epsilon) is no positive variance. "
        + "The file is damaged: fetch or save it again."
    }
    return nil
  }

  /// Writes the values of a model; an old file is replaced only when all bytes are on disk.
  public static func save(_ model: Model, to path: String, metadata: [String: String] = [:]) throws {
    let layout = [WeightLayout.metadataKey: WeightLayout.augq.rawValue]
    try SafetensorsFile.write(
      model.parameters, metadata: metadata.merging(layout) { $1 }, to: path)
  }

  /// The architecture as a Lua model file, one line per node.
  public static func architecture(of graph: Graph) -> String {
    let input = graph.nodes[0].shape.dimensions.map(String.init).joined(separator: ", ")
    var lines = [
      "-- Written by model:save(); the values are in the .safetensors file beside it.",
      "local augq = require \"augq\"", "local graph = augq.graph { \(input) }",
      "local v = { [0] = graph.input }",
    ]
    for (index, node) in graph.nodes.enumerated() {
      guard let layer = node.layer else { continue }
      let inputs = node.inputs.map { "v[\($0)]" }.joined(separator: ", ")
      let attributes = layer.attributes.map { ", \($0.name) = \($0.value.text)" }.joined()
      lines.append(
        "v[\(index)] = graph:\(type(of: layer).kind)(\(inputs), { name = \(luaLiteral(node.name))\(attributes) })"
      )
    }
    return (lines + ["graph.output = v[\(graph.output)]", "return graph", ""]).joined(separator: "\n")
  }

  /// A text as Lua source: bytes that could end the literal or the line as decimal escapes.
  private static func luaLiteral(_ text: String) -> String {
    let bytes = text.utf8.map { byte in
      let isPlain = byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      let digits = String(byte)
      return isPlain
        ? String(UnicodeScalar(byte)) : "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }
    return "\"" + bytes.joined() + "\""
  }
}
