public import Layers
import Tensors

/// Where a graph's values are quantized, and with which specification.
///
/// Weights of every convolution and linear layer; the input; outputs of convolutions, linear layers, sums and products
/// after a ReLU, ReLU6 or clip that alone reads them (only there), of pools of means, concatenations, hard swish, sigmoids
/// and softmax. What reads values without changing them (max pool, flatten, slice, shuffle, pad, a ReLU on levels) keeps its
/// input's grid. The graph's output is not quantized.
public struct QuantizationPlan: Sendable {
  /// Why a place has its specification.
  public enum Role: String, Sendable { case input, regular, first, last }

  /// A tensor to be quantized.
  public struct Place: Sendable {
    /// Parameter key, or name of the node whose output it is.
    public let key: String
    /// Index of the node.
    public let node: NodeIndex
    /// Why it has its specification.
    public let role: Role
    /// What to fit; of the input, when the values are not pixels.
    public let specification: any GridRecipe

    /// Fits the specification to the place's values; an error names the place.
    func fit(to values: Tensor, execution: Execution) throws -> any QuantizationGrid {
      do {
        return try specification.grid(for: values, execution: execution)
      } catch let error as QuantizationError {
        throw QuantizationError.place(key, error)
      }
    }
  }

  /// Weights in the order of the graph.
  public let weights: [Place]
  /// Node outputs in the order of the graph.
  public let activations: [Place]

  /// Plans a graph without batch norms.
  ///
  /// - Throws: ``QuantizationError`` when a specification is not valid or activations are not grouped by tensor.
  public init(_ graph: Graph, _ options: QuantizationOptions) throws(QuantizationError) {
    try options.validate()
    let products = graph.nodes.indices.filter { graph.nodes[$0].layer?.isWeighted == true }
    let keys = products.map { graph.nodes[$0].name + ".weight" }
    if let unknown = options.layers.keys.sorted().first(where: { !keys.contains($0) }) {
      let others = keys.prefix(8).joined(separator: ", ") + (keys.count > 8 ? ", …" : "")
      throw .unknown("there is no weight '\(unknown)'; there are \(others)")
    }
    weights =
      options.weights.map { regular in
        products.map { index in
          let role: Role = index == products.first ? .first : index == products.last ? .last : .regular
          let key = graph.nodes[index].name + ".weight"
          let specification: any GridRecipe =
            options.layers[key] ?? (role == .regular ? regular : options.firstLast?.weights ?? regular)
          return Place(
            key: key, node: index, role: role, specification: specification)
        }
      } ?? []
    let regular =
      options.activations.map {
        QuantizationPlan.activations(graph, $0, options.firstLast, products: products)
      } ?? []
    let names = regular.map(\.key)
    if let unknown = options.nodes.keys.sorted().first(where: { !names.contains($0) }) {
      let others = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
      throw .unknown(
        names.isEmpty
          ? "the option nodes has '\(unknown)', but activations are not quantized; give the option activations"
          : "there is no activation '\(unknown)'; there are \(others)")
    }
    activations = regular.map { place in
      options.nodes[place.key].map {
        Place(key: place.key, node: place.node, role: place.role, specification: $0)
      } ?? place
    }
  }

  private static func activations(
    _ graph: Graph, _ regular: any GridRecipe, _ firstLast: FirstLast?, products: [NodeIndex]
  ) -> [Place] {
    let users = graph.users
    let eightBits = FirstLast.eightBit.activations
    var places: [NodeIndex: (Role, any GridRecipe)] = [0: (.input, eightBits)]
    for index in graph.nodes.indices.dropFirst() {
      guard let layer = graph.nodes[index].layer, layer.makesNewValues else { continue }
      let place = index == graph.output ? index : graph.fusedClamp(behind: index, users) ?? index
      guard place != graph.output else { continue }
      // A sum reads the product before anything is stored: the public codes of BRECQ and AuGQ do not quantize there at
      // all, integers need 256 levels.
      let isSummand =
        layer.isWeighted && place == index && users[index].count == 1
        && users[index].allSatisfy { graph.nodes[$0].layer is Add }
      let feedsCurve = users[place].contains { graph.nodes[$0].layer?.isCurve == true }
      if let firstLast, index == products.first {
        places[place] = (.first, firstLast.activations)
      } else if places[place] == nil {
        places[place] = (.regular, feedsCurve || isSummand ? eightBits : regular)
      }
    }
    if let last = products.last, let firstLast {
      // The nearest quantized value upstream of the last layer.
      var source = graph.nodes[last].inputs.first
      while let index = source, places[index] == nil { source = graph.nodes[index].inputs.first }
      if let source, source != 0 { places[source] = (.last, firstLast.activations) }
    }
    return places.keys.sorted().compactMap { index in
      places[index].map {
        Place(key: graph.nodes[index].name, node: index, role: $0.0, specification: $0.1)
      }
    }
  }
}

extension Graph {
  /// The ReLU, ReLU6 or clip that alone reads a product or a sum and is computed with it.
  func fusedClamp(behind index: NodeIndex, _ users: [[NodeIndex]]) -> NodeIndex? {
    guard nodes[index].layer?.fusesActivation == true, users[index].count == 1,
      let user = users[index].first, nodes[user].layer?.isClamp == true
    else { return nil }
    return user
  }
}

extension Layer {
  /// Whether a ReLU behind it becomes part of it.
  var fusesActivation: Bool { isWeighted || self is Add || self is Multiply }

  var isClamp: Bool { self is ReLU || self is ReLU6 || self is Clip }

  /// Whether it bends values, so that coarse levels before it would move far.
  var isCurve: Bool { self is HardSwish || self is Sigmoid || self is HardSigmoid || self is Softmax }

  /// Whether its output may lie off its input's grid; that of a ReLU6 or a clip may, as a bound need not be a level.
  var makesNewValues: Bool {
    fusesActivation || (self as? AveragePool)?.isSelection == false || self is GlobalAveragePool
      || self is Concat || self is HardSwish
      || self is ReLU6 || self is Clip || self is Sigmoid || self is HardSigmoid || self is Softmax
  }
}
