import Layers
import Tensors

/// Collects layers with their values before they have names; what nothing reads is left out of the graph.
///
/// Nothing is changed once it is here: where two operators become one layer, the new layer is added beside the old one,
/// and the old one goes when nobody else reads it.
struct ONNXGraphBuilder {
  /// The place of a layer among those collected; 0 is the input.
  typealias Index = Int

  /// A layer, what it reads, and its values.
  struct Draft {
    let layer: (any Layer)?
    let inputs: [Index]
    let shape: Shape
    let name: String
    let parameters: [String: Tensor]
  }

  private(set) var drafts: [Draft]
  private var flattened: [Index: Index] = [:]
  private var shuffled: [[Int]: Index] = [:]

  /// The most layers of a model; adding a node looks at the names of all others.
  static let layerLimit = 1 << 14
  /// The most values of one image's activations (1 GiB).
  static let valueLimit = 1 << 28

  init(input shape: Shape) throws(ONNXProblem) {
    try Self.check(shape)
    drafts = [Draft(layer: nil, inputs: [], shape: shape, name: "input", parameters: [:])]
  }

  private static func check(_ shape: Shape) throws(ONNXProblem) {
    guard let count = ONNXConstant.volume(shape.dimensions), count > 0, count <= valueLimit else {
      throw .malformed(
        "a value of extents \(shape) for one image is empty or has more than the \(valueLimit) values we take"
      )
    }
  }

  /// Adds a layer of the catalogue, whose checks everything from a file passes.
  ///
  /// - Throws: ``ONNXProblem`` when an attribute is out of range, shapes do not fit, or a parameter has another shape.
  mutating func add(
    _ kind: String, _ attributes: [String: LayerAttribute] = [:], _ inputs: [Index], name: String,
    parameters: [String: Tensor] = [:]
  ) throws(ONNXProblem) -> Index {
    guard drafts.count < Self.layerLimit else {
      throw .malformed("it has more than \(Self.layerLimit) layers")
    }
    let shapes = inputs.map { drafts[$0].shape }
    let layer: any Layer
    let shape: Shape
    do {
      layer = try LayerCatalogue.entry(kind).layer(attributes, inputs: shapes)
      shape = try layer.outputShape(for: shapes)
    } catch {
      throw .malformed(error.description)
    }
    try Self.check(shape)
    for needed in layer.parameters {
      guard let value = parameters[needed.name] else { throw .malformed("the \(needed.name) is not given") }
      guard value.shape == needed.shape else {
        throw .malformed("the \(needed.name) is \(value.shape), but \(needed.shape) is needed")
      }
    }
    drafts.append(Draft(layer: layer, inputs: inputs, shape: shape, name: name, parameters: parameters))
    return drafts.count - 1
  }

  /// The values of a node as one vector.
  mutating func flatten(_ index: Index, name: String) throws(ONNXProblem) -> Index {
    if drafts[index].shape.rank == 1 { return index }
    if let known = flattened[index] { return known }
    let added = try add(Flatten.kind, [:], [index], name: name)
    flattened[index] = added
    return added
  }

  /// The channels of a node, seen as groups, transposed.
  mutating func shuffle(_ index: Index, groups: Int, name: String) throws(ONNXProblem) -> Index {
    if let known = shuffled[[index, groups]] { return known }
    let added = try add(ChannelShuffle.kind, ["groups": .integer(groups)], [index], name: name)
    shuffled[[index, groups]] = added
    return added
  }

  /// The model that ends in a node.
  func model(output: Index) throws -> Model {
    var isNeeded = [Bool](repeating: false, count: drafts.count)
    isNeeded[output] = true
    for index in drafts.indices.reversed() where isNeeded[index] {
      for input in drafts[index].inputs { isNeeded[input] = true }
    }
    var graph = Graph(input: drafts[0].shape)
    var parameters: [String: Tensor] = [:]
    var places = [NodeIndex](repeating: 0, count: drafts.count)
    var names = ONNXNames()
    for (index, draft) in drafts.enumerated() where isNeeded[index] {
      guard let layer = draft.layer else { continue }
      let name = names.unique(draft.name)
      places[index] = try graph.add(layer, draft.inputs.map { places[$0] }, name: name)
      for (key, value) in draft.parameters { parameters["\(name).\(key)"] = value }
    }
    graph.output = places[output]
    return Model(graph: graph, parameters: parameters)
  }
}

/// Makes names of a graph from names of a file: letters, digits, `_`, `.` and `-`, each used once.
struct ONNXNames {
  private var taken: Set<String> = ["input"]
  private var counts: [String: Int] = [:]

  /// Returns the name, changed as little as needed: `/layer1/conv/Conv` becomes `layer1.conv.Conv`.
  mutating func unique(_ raw: String) -> String {
    let cleaned = raw.unicodeScalars.prefix(120).map { scalar -> Character in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": Character(scalar)
      case "/", ":": "."
      default: "_"
      }
    }
    let trimmed = String(cleaned.drop { $0 == "." })
    let base = trimmed.isEmpty ? "node" : trimmed
    var name = base
    while !taken.insert(name).inserted {
      counts[base, default: 1] += 1
      name = "\(base)_\(counts[base, default: 1])"
    }
    return name
  }
}
