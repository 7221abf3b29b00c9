import Layers
import Tensors

/// A value that a network keeps in memory while it computes a node.
public struct LiveActivation: Hashable, Sendable {
  /// The name of the node whose grid it has.
  public let key: String
  /// How many values it has for one image.
  public let count: Int
}

/// What is in memory while a node is computed.
public struct MemoryStep: Hashable, Sendable {
  /// The node.
  public let node: String
  /// What it reads, what is kept for later, and what it writes.
  public let alive: [LiveActivation]
}

extension QuantizedModel {
  /// What is in memory at each step, for one image, when values live from the node that writes them to the last that reads them.
  ///
  /// A ReLU, ReLU6 or clip that alone reads a product or a sum is computed with it, and flattening moves nothing. Values that
  /// are not quantized, such as the scores, are left out.
  public var memorySteps: [MemoryStep] {
    let graph = model.graph
    let keys = Dictionary(plan.activations.map { ($0.node, $0.key) }) { first, _ in first }
    let users = graph.users
    // The node under which a value is stored: a fused clamp's, a flattened value's.
    var place = Array(graph.nodes.indices)
    for index in graph.nodes.indices where keys[index] == nil {
      if let clamp = graph.fusedClamp(behind: index, users), keys[clamp] != nil { place[index] = clamp }
    }
    for index in graph.nodes.indices where graph.nodes[index].layer is Flatten {
      if let input = graph.nodes[index].inputs.first { place[index] = place[input] }
    }
    var grid: [NodeIndex: String] = [:]
    var lastUse = place.map { _ in -1 }
    var firstWrite = place.map { _ in graph.nodes.count }
    for index in graph.nodes.indices {
      let inputs = graph.nodes[index].inputs
      firstWrite[place[index]] = min(firstWrite[place[index]], index)
      let isNew = graph.nodes[index].layer?.makesNewValues == true
      grid[place[index]] = keys[place[index]] ?? (isNew ? nil : inputs.first.flatMap { grid[place[$0]] })
      for input in inputs { lastUse[place[input]] = max(lastUse[place[input]], index) }
    }
    return graph.nodes.indices.dropFirst().compactMap { index in
      // A clamp that is computed with its product is no step of its own.
      let isFused = graph.nodes[index].inputs.contains { place[$0] == index }
      guard !isFused, place[index] >= index else { return nil }
      let written = place[index]
      let alive = graph.nodes.indices.filter { other in
        place[other] == other && (other == written || firstWrite[other] < index && lastUse[other] >= index)
      }
      return MemoryStep(
        node: graph.nodes[index].name,
        alive: alive.compactMap { other in
          grid[other].map { LiveActivation(key: $0, count: graph.nodes[other].shape.count) }
        })
    }
  }
}
