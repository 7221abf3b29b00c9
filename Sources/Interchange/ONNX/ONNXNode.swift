/// One node of an ONNX graph, with checked access to its attributes.
struct ONNXNode {
  let proto: ONNXNodeProto
  let opset: Int

  /// How errors name it: the node's name, else its first output.
  var name: String { proto.name.isEmpty ? proto.output.first(where: { !$0.isEmpty }) ?? "" : proto.name }

  /// The operator, with its domain unless that is the default one.
  var operation: String { isStandard ? proto.opType : "\(proto.domain).\(proto.opType)" }

  /// Whether the operator is of the format's own set.
  var isStandard: Bool { proto.domain.isEmpty || proto.domain == "ai.onnx" }

  /// The attribute of a name and kind, when it is there.
  ///
  /// - Throws: ``ONNXProblem`` when it has another kind.
  private func attribute(
    _ name: String, _ kind: ONNXAttributeProto.AttributeType
  ) throws(ONNXProblem) -> ONNXAttributeProto? {
    guard let found = proto.attribute.first(where: { $0.name == name }) else { return nil }
    guard found.type == kind else {
      throw .malformed("attribute '\(name)' is of kind \(found.type), but \(kind) is needed")
    }
    return found
  }

  func integer(_ name: String) throws(ONNXProblem) -> Int? { try attribute(name, .int).map { Int($0.i) } }

  func integer(_ name: String, default value: Int) throws(ONNXProblem) -> Int {
    try integer(name) ?? value
  }

  func number(_ name: String, default value: Float) throws(ONNXProblem) -> Float {
    guard let found = try attribute(name, .float) else { return value }
    guard found.f.isFinite else { throw .malformed("attribute '\(name)' is \(found.f)") }
    return found.f
  }

  func integers(_ name: String) throws(ONNXProblem) -> [Int]? {
    try attribute(name, .ints)?.ints.map { Int($0) }
  }

  /// A list of `count` integers, `value` each when it is not given.
  func integers(_ name: String, count: Int, default value: Int) throws(ONNXProblem) -> [Int] {
    guard let found = try integers(name) else { return [Int](repeating: value, count: count) }
    guard found.count == count else {
      throw .malformed("attribute '\(name)' is \(found), but needs \(count) entries")
    }
    return found
  }

  func text(_ name: String, default value: String) throws(ONNXProblem) -> String {
    try attribute(name, .string).map { String(decoding: $0.s, as: UTF8.self) } ?? value
  }

  /// The value of a Constant node.
  func constant() throws(ONNXProblem) -> ONNXConstant {
    if let tensor = try attribute("value", .tensor)?.t { return try ONNXConstant(tensor, name: name) }
    if let value = try attribute("value_float", .float)?.f {
      return try ONNXConstant(finite: .floats([value]), [], name: name)
    }
    if let values = try attribute("value_floats", .floats)?.floats {
      return try ONNXConstant(finite: .floats(values), [values.count], name: name)
    }
    if let value = try integer("value_int") { return ONNXConstant([], .integers([value])) }
    if let values = try integers("value_ints") { return ONNXConstant(values) }
    throw .unsupported(["a Constant without a dense tensor or numbers (node '\(name)')"])
  }

  /// A tensor attribute, decoded.
  func tensor(_ name: String) throws(ONNXProblem) -> ONNXConstant? {
    guard let tensor = try attribute(name, .tensor)?.t else { return nil }
    return try ONNXConstant(tensor, name: "\(self.name).\(name)")
  }
}
