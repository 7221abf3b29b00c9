public import Tensors

/// A network: a graph and the values of its parameters and buffers.
///
/// Keys are `<node>.<parameter>`, such as `stem.weight`.
public struct Model: Sendable {
  /// The architecture.
  public var graph: Graph
  /// Parameters and buffers by key.
  public var parameters: [String: Tensor]

  /// Makes a model from an architecture and values.
  public init(graph: Graph, parameters: [String: Tensor]) {
    self.graph = graph
    self.parameters = parameters
  }
}
