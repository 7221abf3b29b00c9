public import Tensors

/// The place of a node in its graph; inputs always come before their users.
public typealias NodeIndex = Int

/// One use of a layer in a graph.
public struct Node: Sendable {
  /// Unique in the graph; the prefix of the node's parameter keys.
  public let name: String
  /// What the node computes; `nil` for the graph's input, which is node 0.
  public let layer: (any Layer)?
  /// The nodes it reads.
  public let inputs: [NodeIndex]
  /// The shape of the output for one image.
  public let shape: Shape
}

/// A directed acyclic graph of layers in topological order: node 0 is the input, the last added is the output
/// unless ``output`` says otherwise.
public struct Graph: Sendable {
  /// The nodes in topological order.
  public private(set) var nodes: [Node]
  /// The node whose value is the graph's result.
  public var output: NodeIndex

  /// Makes a graph that only has its input, of the given shape for one image.
  public init(input shape: Shape) {
    nodes = [Node(name: "input", layer: nil, inputs: [], shape: shape)]
    output = 0
  }

  /// The most values that a node may have for one image, and a parameter at all: oneDNN counts extents in 32 bits.
  public static let valueLimit = 1 << 30

  /// Makes a graph that only has its input, after a check of the shape.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` for more than ``valueLimit`` values.
  public init(checkedInput shape: Shape) throws(LayerError) {
    try Graph.check(shape)
    self.init(input: shape)
  }

  private static func check(_ shape: Shape, of owner: String = "one image") throws(LayerError) {
    guard let count = shape.checkedCount, count <= valueLimit else {
      throw .invalid("\(shape) is more than \(valueLimit) values for \(owner). Make the extents smaller.")
    }
  }

  /// Adds a node that reads `inputs` and makes it the output.
  ///
  /// - Returns: The index of the new node.
  /// - Throws: ``LayerError`` naming the node when its name is taken, an input does not exist or shapes do not fit.
  @discardableResult
  public mutating func add(
    _ layer: any Layer, _ inputs: [NodeIndex], name: String
  ) throws(LayerError) -> NodeIndex {
    if nodes.contains(where: { $0.name == name }) { throw .duplicateNode(name) }
    if let unknown = inputs.first(where: { !nodes.indices.contains($0) }) {
      throw .unknownNode(index: unknown, usedBy: name)
    }
    let shape: Shape
    do {
      shape = try layer.outputShape(for: inputs.map { nodes[$0].shape })
      try Graph.check(shape)
      for parameter in layer.parameters { try Graph.check(parameter.shape, of: parameter.name) }
    } catch {
      throw .inNode(name, type(of: layer).kind, error.description)
    }
    nodes.append(Node(name: name, layer: layer, inputs: inputs, shape: shape))
    output = nodes.count - 1
    return output
  }

  /// The index of the node with a name.
  public func index(of name: String) -> NodeIndex? { nodes.firstIndex { $0.name == name } }

  /// For every node, the nodes that read it.
  public var users: [[NodeIndex]] {
    var users = [[NodeIndex]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { users[input].append(index) }
    }
    return users
  }
}
