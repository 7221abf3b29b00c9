import Layers
import LuaRuntime
import Tensors

/// What scripts and partition plugins can ask a graph.
enum GraphQueries {
  static let methods = [
    LuaFunction(
      "nodes", "Returns every node in topological order; what the output does not depend on is left out.",
      returns: nodeType + "[]"
    ) { call in
      let graph = try call.receiver(GraphObject.self).value
      let users = graph.users
      return .list(graph.neededNodes.map { row($0, graph, users) })
    },
    LuaFunction(
      "node", "Returns what is known of one node.",
      parameters: [LuaParameter("name", "string", "the node's name")],
      returns: nodeType
    ) { call in
      let graph = try call.receiver(GraphObject.self).value
      return row(try index(call.string(0), graph), graph, graph.users)
    },
    LuaFunction(
      "regions",
      "Returns the smallest parts with one way in and one way out, in order: single layers and whole branched blocks.",
      returns: "{ entry: string, exit: string, nodes: string[], weighted: boolean }[]"
    ) { call in
      let graph = try call.receiver(GraphObject.self).value
      func name(_ index: NodeIndex) -> LuaValue { .string(graph.nodes[index].name) }
      return .list(
        graph.regions.map { region in
          .table([
            ("entry", name(region.entry)), ("exit", name(region.exit)),
            ("nodes", .list(region.nodes.map(name))),
            ("weighted", .boolean(region.nodes.contains { graph.nodes[$0].layer?.isWeighted == true })),
          ])
        })
    },
  ]

  private static let nodeType =
    "{ name: string, kind: string, inputs: string[], users: string[], shape: integer[], weighted: boolean }"

  /// The index of a node by name.
  static func index(_ name: String, _ graph: Graph) throws -> NodeIndex {
    if let index = graph.index(of: name) { return index }
    throw LuaUsageError("the graph has no node '\(name)'. \(nearest(name, among: graph.nodes.map(\.name)))")
  }

  private static func row(_ index: NodeIndex, _ graph: Graph, _ users: [[NodeIndex]]) -> LuaValue {
    let node = graph.nodes[index]
    func names(_ indices: [NodeIndex]) -> LuaValue { .list(indices.map { .string(graph.nodes[$0].name) }) }
    return .table([
      ("name", .string(node.name)), ("kind", .string(node.layer.map { type(of: $0).kind } ?? "input")),
      ("inputs", names(node.inputs)), ("users", names(users[index])),
      ("shape", .list(node.shape.dimensions.map { .integer($0) })),
      ("weighted", .boolean(node.layer?.isWeighted == true)),
    ])
  }
}
