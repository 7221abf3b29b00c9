import Layers
import Tensors

/// A value of an ONNX graph that images flow through: which of our nodes holds it, and how.
struct ONNXActivation {
  /// The node.
  var node: ONNXGraphBuilder.Index
  /// How the tensor's axes run over the node's memory.
  var view: ONNXView
  /// Every how many rows and columns are taken, not yet done: a Slice for each of the two axes becomes one pool.
  var stride = [1, 1]
}

/// A named value while a graph is imported.
enum ONNXValue {
  /// A constant of the file, not yet decoded.
  case stored(ONNXTensorProto)
  /// A constant.
  case constant(ONNXConstant)
  /// Something computed from the images.
  case activation(ONNXActivation)
}

/// Walks the nodes of an ONNX graph in order and collects our layers.
struct ONNXImporter {
  private let proto: ONNXGraphProto
  private let opset: Int
  private var values: [String: ONNXValue] = [:]
  private var readers: [String: Int] = [:]
  private var remainingValues: Int
  var builder: ONNXGraphBuilder
  /// Layers that are `scale x + shift` with one number each.
  var lines: [ONNXGraphBuilder.Index: Line] = [:]
  /// The declared number of images, when it is fixed.
  private(set) var batch: Int?

  /// What a layer does to its input, when that is one line for all values.
  struct Line: Equatable {
    let input: ONNXGraphBuilder.Index
    let scale: Float
    let shift: Float
  }

  /// The versions of the operator set that are read.
  static let opsets = 11...20

  /// Begins with constants and the input.
  ///
  /// - Parameter valueBudget: The most values that constants, once decoded, computed or laid out, may have together.
  init(_ model: ONNXModelProto, valueBudget: Int) throws(ONNXProblem) {
    guard model.hasGraph else { throw .malformed("it has no graph. It is no ONNX model, or a damaged one.") }
    proto = model.graph
    remainingValues = valueBudget
    let versions = model.opsetImport.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map(\.version)
    guard versions.count == 1, let version = Int(exactly: versions[0]), Self.opsets.contains(version) else {
      throw .unsupported([
        "opset \(versions.isEmpty ? "(none)" : versions.map(String.init).joined(separator: ", ")) "
          + "(export with one in \(Self.opsets.lowerBound) ... \(Self.opsets.upperBound))"
      ])
    }
    opset = version
    guard proto.sparseInitializer.isEmpty else { throw .unsupported(["sparse constants"]) }
    for tensor in proto.initializer {
      guard values.updateValue(.stored(tensor), forKey: tensor.name) == nil, !tensor.name.isEmpty else {
        throw .malformed("two constants, or one without a name, are called '\(tensor.name)'")
      }
    }
    let known = values
    let inputs = proto.input.filter { known[$0.name] == nil }
    guard inputs.count == 1, let input = inputs.first, !input.name.isEmpty else {
      throw .unsupported([
        "\(inputs.count) inputs (\(inputs.map(\.name).joined(separator: ", "))) where 1 is taken"
      ])
    }
    let (extents, batch) = try ONNXImporter.extents(of: input)
    self.batch = batch
    if extents.count == 1 {
      builder = try ONNXGraphBuilder(input: Shape(extents))
      values[input.name] = .activation(ONNXActivation(node: 0, view: .plain(extents)))
    } else {
      let isChannelsLast = ONNXImporter.isTransposedFirst(input.name, proto)
      let (c, h, w) =
        isChannelsLast ? (extents[2], extents[0], extents[1]) : (extents[0], extents[1], extents[2])
      builder = try ONNXGraphBuilder(input: [h, w, c])
      let view = isChannelsLast ? ONNXView.plain(extents) : .image(h, w, c)
      values[input.name] = .activation(ONNXActivation(node: 0, view: view))
    }
  }

  /// The extents of one image, `[C, H, W]` or `[features]`, and the number of images when it is fixed.
  private static func extents(of input: ONNXValueInfoProto) throws(ONNXProblem) -> ([Int], Int?) {
    guard case .tensorType(let type)? = input.type.value else {
      throw .unsupported(["input '\(input.name)', which is no dense tensor"])
    }
    let dims = type.shape.dim
    guard dims.count == 2 || dims.count == 4 else {
      throw .unsupported([
        "input '\(input.name)' of \(dims.count) axes ([N, features] and [N, C, H, W] are taken)"
      ])
    }
    guard ONNXConstant.ElementType(rawValue: type.elemType)?.isFloating == true else {
      throw .unsupported(["input '\(input.name)' of element type \(type.elemType) (export with float)"])
    }
    var extents: [Int] = []
    for dim in dims.dropFirst() {
      guard case .dimValue(let value)? = dim.value, value >= 1, value <= 1 << 20 else {
        throw .unsupported([
          "input '\(input.name)' whose extents are not fixed numbers of at least 1. Only the first, the number of images, "
            + "may be open"
        ])
      }
      extents.append(Int(value))
    }
    if case .dimValue(let value)? = dims[0].value, value >= 1 { return (extents, Int(exactly: value)) }
    return (extents, nil)
  }

  /// Whether the input is `[N, H, W, C]`: what reads it, behind operators that treat all values alike, is a Transpose to
  /// `[N, C, H, W]`.
  private static func isTransposedFirst(_ input: String, _ graph: ONNXGraphProto) -> Bool {
    let alike: Set = ["Identity", "Cast", "Mul", "Add", "Sub", "Div", "Clip"]
    var name = input
    for node in graph.node where node.input.contains(name) {
      if node.opType == "Transpose" {
        return node.attribute.first { $0.name == "perm" }?.ints == [0, 3, 1, 2]
      }
      guard alike.contains(node.opType), let output = node.output.first else { return false }
      name = output
    }
    return false
  }

  /// Imports what one result needs.
  mutating func model(output: String?) throws -> Model {
    guard let name = output ?? proto.output.first?.name, proto.output.contains(where: { $0.name == name })
    else {
      let names = proto.output.prefix(20).map { String($0.name.prefix(60)) }
      throw ONNXProblem.malformed(
        "it has no output '\(output ?? "")'. \(suggestion(for: String((output ?? "").prefix(60)), among: names))"
      )
    }
    let nodes = try neededNodes(for: name)
    let unknown = unknown(of: nodes)
    guard unknown.isEmpty else { throw ONNXProblem.unsupported(Self.listed(unknown)) }
    for node in nodes {
      for input in Set(node.proto.input) { readers[input, default: 0] += 1 }
    }
    readers[name, default: 0] += 1
    for node in nodes {
      do {
        try run(node)
      } catch {
        let text = "node '\(node.name.prefix(200))' (\(node.operation)): \(error)"
        if case .unsupported? = error as? ONNXProblem { throw ONNXProblem.unsupported([text]) }
        throw ONNXProblem.malformed(text)
      }
    }
    guard case .activation(let result)? = values[name] else {
      throw ONNXProblem.malformed("output '\(name)' does not depend on the input")
    }
    let output = try settledOutput(result, name)
    return try builder.model(output: output)
  }

  /// The nodes whose operator is not known, or not on values computed from the images.
  private func unknown(of nodes: [ONNXNode]) -> [ONNXNode] {
    var computed = Set(values.compactMap { name, value in if case .activation = value { name } else { nil } })
    return nodes.filter { node in
      let readsImages = node.proto.input.contains { computed.contains($0) }
      // Extents are known without the values.
      if readsImages, node.proto.opType != "Shape" {
        computed.formUnion(node.proto.output.filter { !$0.isEmpty })
      }
      return !ONNXOperators.contains(node, onImages: readsImages)
    }
  }

  /// Each operator once, with the nodes that use it; a hostile file's list is cut.
  private static func listed(_ nodes: [ONNXNode]) -> [String] {
    let byOperation = Dictionary(grouping: nodes, by: \.operation).sorted { $0.key < $1.key }
    return byOperation.prefix(50).map { operation, nodes in
      let names = nodes.prefix(50).map { "'\($0.name.prefix(200))'" }.joined(separator: ", ")
      let rest = nodes.count > 50 ? " and \(nodes.count - 50) more" : ""
      return "\(operation.prefix(200)) (node\(nodes.count == 1 ? "" : "s") \(names)\(rest))"
    }
  }

  /// The nodes that a value depends on, in the file's order.
  private func neededNodes(for output: String) throws(ONNXProblem) -> [ONNXNode] {
    var maker: [String: Int] = [:]
    for (index, node) in proto.node.enumerated() {
      for name in node.output where !name.isEmpty {
        guard values[name] == nil, maker.updateValue(index, forKey: name) == nil else {
          throw .malformed("value '\(name)' is made twice")
        }
      }
    }
    var isNeeded = [Bool](repeating: false, count: proto.node.count)
    var pending = [output]
    while let name = pending.popLast() {
      guard let index = maker[name], !isNeeded[index] else { continue }
      isNeeded[index] = true
      pending += proto.node[index].input
    }
    return proto.node.indices.filter { isNeeded[$0] }.map { ONNXNode(proto: proto.node[$0], opset: opset) }
  }

  private mutating func run(_ node: ONNXNode) throws {
    var inputs: [ONNXValue?] = []
    for name in node.proto.input {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = values[name] else {
        throw ONNXProblem.malformed(
          "it reads '\(name)', which no earlier node makes. The graph has a cycle or is not in order.")
      }
      inputs.append(value)
    }
    let call = ONNXCall(node: node, inputs: inputs)
    let results: [ONNXValue]
    if call.isConstant {
      results = try fold(call)
    } else if let run = ONNXOperators.table[node.proto.opType] {
      results = try run(&self, call)
    } else {
      throw ONNXProblem.unsupported(Self.listed([node]))
    }
    for (name, result) in zip(node.proto.output, results) where !name.isEmpty { values[name] = result }
  }

  private mutating func fold(_ call: ONNXCall) throws -> [ONNXValue] {
    if call.node.proto.opType == "Constant" { return [.constant(try spent(call.node.constant()))] }
    guard let operation = ONNXFolding.operators[call.node.proto.opType] else {
      throw ONNXProblem.unsupported(["\(call.node.operation) of constants only"])
    }
    var constants: [ONNXConstant?] = []
    for index in call.inputs.indices { constants.append(try optionalConstant(call, index)) }
    let results = try operation(call.node, constants) ?? []
    return try results.map { .constant(try spent($0)) }
  }

  /// Takes the values of a constant off what is left of the budget.
  mutating func spent(_ constant: ONNXConstant) throws(ONNXProblem) -> ONNXConstant {
    try spend(constant.count)
    return constant
  }

  mutating func spend(_ count: Int) throws(ONNXProblem) {
    guard count <= remainingValues else {
      throw .malformed(
        "the constants grow far beyond the size of the file. It is damaged or made to fill the memory.")
    }
    remainingValues -= count
  }

  /// A constant input; `nil` when it is not given.
  mutating func optionalConstant(_ call: ONNXCall, _ index: Int) throws(ONNXProblem) -> ONNXConstant? {
    guard call.inputs.indices.contains(index), let value = call.inputs[index] else { return nil }
    switch value {
    case .constant(let constant): return constant
    case .stored(let tensor):
      let name = call.node.proto.input[index]
      let constant = try spent(ONNXConstant(tensor, name: name))
      values[name] = .constant(constant)
      return constant
    case .activation:
      throw .unsupported(["an input '\(call.node.proto.input[index])' that is computed from the images"])
    }
  }

  mutating func constant(_ call: ONNXCall, _ index: Int) throws(ONNXProblem) -> ONNXConstant {
    guard let constant = try optionalConstant(call, index) else {
      throw .malformed("input \(index) is not given")
    }
    return constant
  }

  /// How many nodes read the value that a node reads or makes.
  func readerCount(_ name: String) -> Int {
    readers[name, default: 0]
  }
}

/// A node on its way through the importer: the node and the values it reads.
struct ONNXCall {
  let node: ONNXNode
  let inputs: [ONNXValue?]

  /// Whether nothing it reads depends on the images.
  var isConstant: Bool {
    inputs.allSatisfy { if case .activation? = $0 { false } else { true } }
  }

  /// The name that the first result has in our graph.
  var name: String { node.name }

  /// The result of a given number, named after the node and the output.
  func name(ofOutput index: Int) -> String {
    node.proto.output.indices.contains(index) ? node.proto.output[index] : node.name
  }

  func isGiven(_ index: Int) -> Bool { inputs.indices.contains(index) && inputs[index] != nil }

  /// An input that must be computed from the images.
  func activation(_ index: Int) throws(ONNXProblem) -> ONNXActivation {
    guard inputs.indices.contains(index), let value = inputs[index] else {
      throw .malformed("input \(index) is not given")
    }
    guard case .activation(let activation) = value else {
      throw .unsupported(["a constant where something computed from the images is taken (input \(index))"])
    }
    return activation
  }
}
