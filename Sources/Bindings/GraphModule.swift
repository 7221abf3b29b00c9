import Layers
import LuaRuntime
import Tensors

/// Graphs built from scripts: one method per entry of the layer catalogue.
enum GraphModule {
  static let types: [LuaType] = [graph, node]

  static let functions: [LuaFunction] = [
    LuaFunction(
      "graph", "Begins a network that reads images of a shape.",
      parameters: [LuaParameter("shape", "integer[]", "shape of one image, {H, W, C}, or {features}")],
      returns: "augq.Graph"
    ) { call in
      let extents = try call.integers(0)
      guard extents.allSatisfy({ $0 >= 1 }) else { throw call.wrong(0, "a list of extents of at least 1") }
      return .object(GraphObject(try Graph(checkedInput: Shape(extents))))
    }
  ]

  private static let graph = LuaType(
    "augq.Graph", "A network's architecture: a directed acyclic graph of layers.", for: GraphObject.self,
    methods: LayerCatalogue.entries.map(method) + GraphQueries.methods,
    properties: [
      LuaProperty("input", "augq.Node", "the input") {
        .object(NodeObject(try $0.receiver(GraphObject.self), 0))
      },
      LuaProperty("output", "augq.Node", "the node whose value is the result; assign to change it") { call in
        let graph = try call.receiver(GraphObject.self)
        return .object(NodeObject(graph, graph.value.output))
      },
      LuaProperty("parameter_count", "integer", "number of trainable values of a model of this graph") {
        .integer(Model.trainableCount(of: try $0.receiver(GraphObject.self).value))
      },
    ],
    operators: [
      (
        .newIndex,
        { call in
          let graph = try call.object(GraphObject.self, 0)
          guard call.value(1).text == "output" else {
            throw LuaUsageError("only the field 'output' of an augq.Graph can be assigned")
          }
          let node = try call.object(NodeObject.self, 2)
          guard node.graph === graph else {
            throw LuaUsageError("the output must be a node of the same graph, not of another one")
          }
          graph.value.output = node.index
          return .none
        }
      )
    ],
    description: { description($0.value) }, inspection: { Inspection.text(description($0.value), $0.value) })

  private static func description(_ graph: Graph) -> String {
    "Graph of \(graph.nodes.count - 1) layers on \(graph.nodes[0].shape)"
  }

  private static let node = LuaType(
    "augq.Node", "A value inside a graph.", for: NodeObject.self,
    properties: [
      LuaProperty("name", "string", "the node's name") { call in
        let node = try call.receiver(NodeObject.self)
        return .string(node.graph.value.nodes[node.index].name)
      },
      LuaProperty("shape", "integer[]", "the value's shape for one image") { call in
        let node = try call.receiver(NodeObject.self)
        return .list(node.graph.value.nodes[node.index].shape.dimensions.map { .integer($0) })
      },
    ],
    description: { node in
      let row = node.graph.value.nodes[node.index]
      return "\(row.name): \(row.layer.map { type(of: $0).kind } ?? "input") \(row.shape)"
    })

  /// The method that adds a layer of one kind: nodes first, then the hyper-parameters and `name`.
  private static func method(_ entry: LayerEntry) -> LuaFunction {
    let inputs = (0..<(entry.inputCount ?? 2)).map { LuaParameter("x\($0 + 1)", "augq.Node", "input") }
    let name = LuaOption("name", .string, "unique name, the prefix of the parameters' keys")
    return LuaFunction(
      entry.kind, entry.summary,
      parameters: inputs + [LuaParameter("options", "table", "options", optional: true)],
      options: entry.attributes.map(option) + [name], returns: "augq.Node"
    ) { try add(entry, $0) }
  }

  private static func option(_ attribute: AttributeSpecification) -> LuaOption {
    LuaOption(
      attribute.name, .any(attribute.kind.text), default: attribute.defaultValue?.text,
      "\(attribute.summary); \(attribute.kind.text)")
  }

  private static func add(_ entry: LayerEntry, _ call: LuaCall) throws -> LuaValue {
    let graph = try call.receiver(GraphObject.self)
    var inputs: [NodeIndex] = []
    while let node = try call.optionalObject(NodeObject.self, inputs.count) {
      guard node.graph === graph else {
        throw LuaUsageError("argument \(inputs.count + 1) is a node of another graph")
      }
      inputs.append(node.index)
    }
    if inputs.isEmpty { throw call.wrong(0, "an augq.Node") }
    let options = try call.options(inputs.count)
    var given: [String: LayerAttribute] = [:]
    for attribute in entry.attributes {
      guard let value = options.value(attribute.name) else { continue }
      guard let converted = LayerAttribute(value) else {
        throw LuaUsageError("option '\(attribute.name)' is \(value.shown); expected \(attribute.kind.text)")
      }
      given[attribute.name] = converted
    }
    let name = options.string("name") ?? "\(entry.kind)\(graph.value.nodes.count)"
    let layer = try entry.layer(given, inputs: inputs.map { graph.value.nodes[$0].shape })
    return .object(NodeObject(graph, try graph.value.add(layer, inputs, name: name)))
  }
}

extension LayerAttribute {
  /// The hyper-parameter that a script's value stands for.
  init?(_ value: LuaValue) {
    if let integer = value.integer {
      self = .integer(integer)
    } else if let number = value.number {
      self = .number(number)
    } else if let boolean = value.boolean {
      self = .boolean(boolean)
    } else if let elements = value.elements, elements.allSatisfy({ $0.integer != nil }) {
      self = .integers(elements.compactMap(\.integer))
    } else {
      return nil
    }
  }
}
