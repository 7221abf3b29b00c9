import Tensors

extension Graph {
  /// The only user of a node, when there is exactly one and the node is not the graph's output.
  public func soleUser(of index: NodeIndex) -> NodeIndex? {
    guard index != output else { return nil }
    let users = users[index]
    return users.count == 1 ? users[0] : nil
  }

  /// Returns the graph with some nodes replaced by other layers and some bypassed.
  ///
  /// - Parameters:
  ///   - replacements: New layers by node name; inputs stay.
  ///   - bypassed: Names of one-input nodes whose users read the node's input instead.
  /// - Throws: ``LayerError`` when the shapes of the new graph do not fit.
  public func rewritten(
    replacing replacements: [String: any Layer], bypassing bypassed: Set<String>
  ) throws(LayerError) -> Graph {
    var result = Graph(input: nodes[0].shape)
    var moved = [NodeIndex](repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated().dropFirst() {
      let inputs = node.inputs.map { moved[$0] }
      if bypassed.contains(node.name) {
        moved[index] = inputs[0]
      } else if let layer = replacements[node.name] ?? node.layer {
        moved[index] = try result.add(layer, inputs, name: node.name)
      }
    }
    result.output = moved[output]
    return result
  }
}
