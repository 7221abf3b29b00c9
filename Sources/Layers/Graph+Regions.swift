import Tensors

/// A part of a graph with one way in and one way out.
///
/// Every value that the part's nodes read is the entry's output or made inside; nothing but the exit's output is read outside.
public struct GraphRegion: Hashable, Sendable {
  /// The node whose output the region reads; not part of the region.
  public let entry: NodeIndex
  /// The region's last node.
  public let exit: NodeIndex
  /// The region's nodes in topological order, the exit last.
  public let nodes: [NodeIndex]

  /// Makes a region of known parts; ``Graph/region(from:to:)`` checks them.
  init(entry: NodeIndex, exit: NodeIndex, nodes: [NodeIndex]) {
    self.entry = entry
    self.exit = exit
    self.nodes = nodes
  }
}

extension Graph {
  /// The nodes through which every path from the input to the output goes, both included, in order.
  ///
  /// In topological order a path can miss a node only along an edge that jumps over it.
  /// - Complexity: O(nodes + edges).
  public var cutNodes: [NodeIndex] {
    let reaching = ancestors(of: output)
    var openings = [Int](repeating: 0, count: nodes.count + 1)
    for index in reaching {
      for input in nodes[index].inputs where input + 1 < index {
        openings[input + 1] += 1
        openings[index] -= 1
      }
    }
    var jumping = 0
    return nodes.indices.filter { index in
      jumping += openings[index]
      return jumping == 0 && reaching.contains(index)
    }
  }

  /// The nodes that the output depends on, itself included, in topological order.
  public var neededNodes: [NodeIndex] { ancestors(of: output).sorted() }

  /// The smallest regions that follow each other from the input to the output: single layers and whole branched blocks.
  public var regions: [GraphRegion] {
    let cuts = cutNodes
    return zip(cuts, cuts.dropFirst()).map { entry, exit in
      GraphRegion(entry: entry, exit: exit, nodes: nodes(from: entry, to: exit))
    }
  }

  /// The region between two nodes.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` naming the node that breaks in or out when the part has more than one way in or out.
  public func region(from entry: NodeIndex, to exit: NodeIndex) throws(LayerError) -> GraphRegion {
    let members = nodes(from: entry, to: exit)
    let inside = Set(members)
    let part = "the part from '\(nodes[entry].name)' to '\(nodes[exit].name)'"
    guard !members.isEmpty else { throw .invalid("\(part) is empty: no path leads from one to the other") }
    for index in members {
      if let other = nodes[index].inputs.first(where: { $0 != entry && !inside.contains($0) }) {
        throw .invalid(
          "\(part) is no unit: '\(nodes[index].name)' in it also reads '\(nodes[other].name)'. Begin further up."
        )
      }
    }
    let (users, reaching) = (users, ancestors(of: output))
    for index in members where index != exit {
      // What the output does not depend on is never computed for its sake.
      if let user = users[index].first(where: { !inside.contains($0) && reaching.contains($0) }) {
        throw .invalid(
          "\(part) is no unit: '\(nodes[user].name)' also reads '\(nodes[index].name)'. End further down.")
      }
      if index == output {
        throw .invalid("\(part) is no unit: '\(nodes[index].name)' is the network's output. End there.")
      }
    }
    return GraphRegion(entry: entry, exit: exit, nodes: members)
  }

  /// The nodes on paths between two nodes, the first left out.
  private func nodes(from entry: NodeIndex, to exit: NodeIndex) -> [NodeIndex] {
    guard entry < exit else { return [] }
    var descends: Set<NodeIndex> = [entry]
    for index in entry + 1...exit where nodes[index].inputs.contains(where: descends.contains) {
      descends.insert(index)
    }
    return ancestors(of: exit).filter { $0 > entry && descends.contains($0) }.sorted()
  }

  /// A node and everything it depends on.
  private func ancestors(of index: NodeIndex) -> Set<NodeIndex> {
    var found: Set<NodeIndex> = [index]
    for node in stride(from: index, through: 0, by: -1) where found.contains(node) {
      found.formUnion(nodes[node].inputs)
    }
    return found
  }
}

extension Model {
  /// Returns a region as a network of its own: its input is the entry's output, its output the exit's, names stay.
  ///
  /// - Throws: ``LayerError`` when shapes do not fit, which a valid graph's region never causes.
  public func part(_ region: GraphRegion) throws(LayerError) -> Model {
    var part = Graph(input: graph.nodes[region.entry].shape)
    var moved = [region.entry: 0]
    var values: [String: Tensor] = [:]
    for index in region.nodes {
      let node = graph.nodes[index]
      guard let layer = node.layer else { continue }
      moved[index] = try part.add(layer, node.inputs.compactMap { moved[$0] }, name: node.name)
      for specification in layer.parameters {
        let key = "\(node.name).\(specification.name)"
        values[key] = parameters[key]
      }
    }
    part.output = moved[region.exit] ?? part.output
    return Model(graph: part, parameters: values)
  }
}
