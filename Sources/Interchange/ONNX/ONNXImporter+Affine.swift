import Layers
import Tensors

/// `y = scale x + shift` with one number, or one for each channel.
private struct Affine {
  var scale: [Float]
  var shift: [Float]

  /// What a node does to its input, `x op constant` or `constant op x`.
  init(_ operation: String, _ values: [Float], isConstantFirst: Bool) throws(ONNXProblem) {
    let ones = [Float](repeating: 1, count: values.count)
    let zeros = [Float](repeating: 0, count: values.count)
    switch (operation, isConstantFirst) {
    case ("Mul", _): (scale, shift) = (values, zeros)
    case ("Add", _): (scale, shift) = (ones, values)
    case ("Sub", false): (scale, shift) = (ones, values.map { -$0 })
    case ("Sub", true): (scale, shift) = (ones.map { -$0 }, values)
    case ("Div", false):
      (scale, shift) = (values.map { 1 / $0 }, zeros)
      guard scale.allSatisfy(\.isFinite) else { throw .malformed("it divides by 0") }
    default: throw .unsupported(["a constant divided by values computed from the images"])
    }
  }

  func expanded(to count: Int) -> Affine {
    var result = self
    if scale.count == 1 {
      result.scale = [Float](repeating: scale[0], count: count)
      result.shift = [Float](repeating: shift[0], count: count)
    }
    return result
  }
}

/// Arithmetic with constants.
extension ONNXImporter {
  /// Adds, subtracts, multiplies or divides by one number or one for each channel.
  ///
  /// It joins the convolution, linear layer or batch norm that nothing else reads; parts of a hard sigmoid or hard swish
  /// become that; otherwise an image gets a depthwise 1x1 convolution, a short vector a diagonal linear layer.
  mutating func affine(_ call: ONNXCall) throws -> ONNXActivation {
    let isConstantFirst = if case .activation? = call.inputs[0] { false } else { true }
    let place = isConstantFirst ? 1 : 0
    var x = try settled(call.activation(place), name: call.name + "_take")
    let given = try constant(call, 1 - place)
    guard let values = given.floats, given.dims.count <= x.view.rank else {
      throw ONNXProblem.unsupported([
        "a constant of extents \(given.dims) with a tensor of \(x.view.rank) axes"
      ])
    }
    var map = try Affine(call.node.proto.opType, values, isConstantFirst: isConstantFirst)
    if values.count != 1 {
      let wide = given.dims.indices.filter { given.dims[$0] != 1 }
      let axis = (wide.first ?? 0) + x.view.rank - given.dims.count
      guard wide.count == 1, x.view.extent(axis) == values.count else {
        throw ONNXProblem.unsupported([
          "a constant of extents \(given.dims); one number, or one for each channel, is taken"
        ])
      }
      let found = try channels(x, axis: axis, name: call.name)
      if found.isPermuted {
        map.scale = inMemoryOrder(map.scale, found.activation, axis: axis)
        map.shift = inMemoryOrder(map.shift, found.activation, axis: axis)
      }
      x = found.activation
    } else if map.scale == [1], map.shift == [0] {
      return x
    }
    let isOnlyReader = readerCount(call.node.proto.input[place]) == 1
    x.node = try applied(map, to: x.node, mayJoin: isOnlyReader, name: call.name)
    return x
  }

  private mutating func applied(
    _ map: Affine, to node: ONNXGraphBuilder.Index, mayJoin: Bool, name: String
  ) throws -> ONNXGraphBuilder.Index {
    if map.scale.count == 1, map.shift == [0],
      let curve = try hardCurve(node, scale: map.scale[0], name: name)
    {
      return curve
    }
    let shape = builder.drafts[node].shape
    try spend(2 * shape[-1])
    let wide = map.expanded(to: shape[-1])
    if mayJoin, let joined = try join(wide, to: node) { return joined }
    let shift = Tensor([shape[-1]], wide.shift)
    let added: ONNXGraphBuilder.Index
    if shape.rank == 3 {
      added = try builder.add(
        Conv2d.kind,
        [
          "filters": .integer(shape[2]), "kernel": .integer(1), "groups": .integer(shape[2]),
          "bias": .boolean(true),
        ],
        [node], name: name, parameters: ["weight": Tensor([shape[2], 1, 1, 1], wide.scale), "bias": shift])
    } else {
      guard shape[0] <= 1024 else {
        throw ONNXProblem.unsupported(["arithmetic with constants on a vector of \(shape[0]) > 1024 features"]
        )
      }
      try spend(shape[0] * shape[0])
      var diagonal = Tensor(zeros: [shape[0], shape[0]])
      for i in 0..<shape[0] { diagonal[i * shape[0] + i] = wide.scale[i] }
      added = try builder.add(
        Linear.kind, ["features": .integer(shape[0])], [node], name: name,
        parameters: ["weight": diagonal, "bias": shift])
    }
    if map.scale.count == 1 { lines[added] = Line(input: node, scale: map.scale[0], shift: map.shift[0]) }
    return added
  }

  /// A copy of a product or batch norm with the map behind it included; `nil` for other layers.
  private mutating func join(_ map: Affine, to node: ONNXGraphBuilder.Index) throws -> ONNXGraphBuilder.Index?
  {
    let draft = builder.drafts[node]
    guard let layer = draft.layer, layer is Conv2d || layer is Linear || layer is BatchNorm,
      let weight = draft.parameters["weight"]
    else { return nil }
    try spend(weight.count)
    let perChannel = weight.count / map.scale.count
    let bias = draft.parameters["bias"]?.values ?? [Float](repeating: 0, count: map.scale.count)
    var parameters = draft.parameters
    let source = weight.values
    parameters["weight"] = Tensor(
      weight.shape, source.indices.map { source[$0] * map.scale[$0 / perChannel] })
    parameters["bias"] = Tensor([bias.count], bias.indices.map { bias[$0] * map.scale[$0] + map.shift[$0] })
    var attributes = Dictionary(uniqueKeysWithValues: layer.attributes.map { ($0.name, $0.value) })
    if !(layer is BatchNorm) { attributes["bias"] = .boolean(true) }
    return try builder.add(
      type(of: layer).kind, attributes, draft.inputs, name: draft.name, parameters: parameters)
  }

  /// The hard sigmoid that `scale` times a clamp `0 ... 1 / scale` of a line is, or the hard swish that `1 / 6` of
  /// `x relu6(x + 3)` is.
  private mutating func hardCurve(
    _ node: ONNXGraphBuilder.Index, scale: Float, name: String
  ) throws -> ONNXGraphBuilder.Index? {
    let draft = builder.drafts[node]
    if let high = draft.layer?.ceiling, abs(scale * high - 1) < 1e-6 {
      let line = lines[draft.inputs[0]] ?? Line(input: draft.inputs[0], scale: 1, shift: 0)
      return try builder.add(
        HardSigmoid.kind,
        ["slope": .number(Double(line.scale * scale)), "offset": .number(Double(line.shift * scale))],
        [line.input],
        name: name)
    }
    guard draft.layer is Multiply, abs(6 * scale - 1) < 1e-6 else { return nil }
    for (x, gate) in [(draft.inputs[0], draft.inputs[1]), (draft.inputs[1], draft.inputs[0])] {
      let clamp = builder.drafts[gate]
      if clamp.layer is ReLU6, let line = lines[clamp.inputs[0]], line == Line(input: x, scale: 1, shift: 3) {
        return try builder.add(HardSwish.kind, [:], [x], name: name)
      }
    }
    return nil
  }
}

extension Layer {
  /// The upper bound of a clamp whose lower bound is 0.
  fileprivate var ceiling: Float? {
    if self is ReLU6 { return 6 }
    if let clip = self as? Clip, clip.low == 0, clip.high < .greatestFiniteMagnitude { return clip.high }
    return nil
  }
}
