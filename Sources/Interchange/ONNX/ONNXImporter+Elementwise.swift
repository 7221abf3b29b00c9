import Layers
import Tensors

/// Activations.
extension ONNXImporter {
  /// A layer that treats all values alike: the view stays.
  mutating func map(_ kind: String, _ attributes: [String: LayerAttribute], _ call: ONNXCall) throws
    -> [ONNXValue]
  {
    var x = try settled(call.activation(0), name: call.name + "_take")
    x.node = try builder.add(kind, attributes, [x.node], name: call.name)
    return [.activation(x)]
  }

  mutating func hardSigmoid(_ call: ONNXCall) throws -> [ONNXValue] {
    let slope = try call.node.number("alpha", default: 0.2)
    let offset = try call.node.number("beta", default: 0.5)
    return try map(
      HardSigmoid.kind, ["slope": .number(Double(slope)), "offset": .number(Double(offset))], call)
  }

  /// Clip with constant bounds, either of which may be open.
  ///
  /// It is `relu` from 0 on, `relu6` for 0 to 6, else `clip`.
  mutating func clip(_ call: ONNXCall) throws -> [ONNXValue] {
    func bound(_ index: Int, open: Float, _ importer: inout ONNXImporter) throws -> Float {
      guard let given = try importer.optionalConstant(call, index) else { return open }
      guard let values = given.floats, values.count == 1 else {
        throw ONNXProblem.malformed("a bound of extents \(given.dims) is no number")
      }
      return values[0]
    }
    let largest = Float.greatestFiniteMagnitude
    return try clamp(try bound(1, open: -largest, &self), try bound(2, open: largest, &self), call)
  }

  /// Max or Min of an activation and one number: what newer exporters write for one bound.
  mutating func bound(_ call: ONNXCall) throws -> [ONNXValue] {
    guard call.inputs.count == 2 else {
      throw ONNXProblem.unsupported(["\(call.node.proto.opType) of \(call.inputs.count) values"])
    }
    let isConstantFirst = if case .activation? = call.inputs[0] { false } else { true }
    let given = try constant(call, isConstantFirst ? 0 : 1)
    guard let values = given.floats, values.count == 1, given.dims.count <= 4 else {
      throw ONNXProblem.unsupported(["a bound of extents \(given.dims); one number is taken"])
    }
    let ordered = ONNXCall(node: call.node, inputs: isConstantFirst ? call.inputs.reversed() : call.inputs)
    let largest = Float.greatestFiniteMagnitude
    return call.node.proto.opType == "Max"
      ? try clamp(values[0], largest, ordered) : try clamp(-largest, values[0], ordered)
  }

  private mutating func clamp(_ low: Float, _ high: Float, _ call: ONNXCall) throws -> [ONNXValue] {
    let largest = Float.greatestFiniteMagnitude
    if low == -largest, high == largest { return [.activation(try call.activation(0))] }
    if low == 0, high == 6 { return try map(ReLU6.kind, [:], call) }
    if low == 0, high == largest { return try map(ReLU.kind, [:], call) }
    return try map(Clip.kind, ["low": .number(Double(low)), "high": .number(Double(high))], call)
  }

  /// Softmax along one axis (opset 13 and later), or over all axes from one on (before).
  mutating func softmax(_ call: ONNXCall) throws -> [ONNXValue] {
    let x = try call.activation(0)
    let isOld = call.node.opset < 13
    let axis = try ONNXFolding.axis(call.node.integer("axis", default: isOld ? 1 : -1), rank: x.view.rank)
    var looked = x
    if isOld {
      let tail = Array(x.view.axes[axis...].joined())
      looked.view = ONNXView(factors: x.view.factors, axes: Array(x.view.axes[..<axis]) + [tail])
      guard x.stride == [1, 1] else {
        throw ONNXProblem.unsupported(["a Softmax right behind a strided Slice"])
      }
    }
    let input = try channels(looked, axis: axis, name: call.name)
    let node = try builder.add(Softmax.kind, [:], [input.activation.node], name: call.name)
    return [.activation(ONNXActivation(node: node, view: isOld ? x.view : input.activation.view))]
  }

  /// A cast between floating-point types is nothing: everything is FP32 here.
  func cast(_ call: ONNXCall) throws -> [ONNXValue] {
    let code = try call.node.integer("to", default: 0)
    guard Int32(exactly: code).flatMap(ONNXConstant.ElementType.init)?.isFloating == true else {
      throw ONNXProblem.unsupported(["a cast of values computed from the images to element type \(code)"])
    }
    return [.activation(try call.activation(0))]
  }
}

/// Sums and products.
extension ONNXImporter {
  /// Add, Sub, Mul and Div: of two activations (Add, Mul), or of one and a constant.
  mutating func arithmetic(_ call: ONNXCall) throws -> [ONNXValue] {
    guard call.isGiven(0), call.isGiven(1) else { throw ONNXProblem.malformed("it needs two inputs") }
    if case .activation(let a)? = call.inputs[0], case .activation(let b)? = call.inputs[1] {
      let operation = call.node.proto.opType
      guard operation == "Add" || operation == "Mul" else {
        throw ONNXProblem.unsupported(["\(operation) of two values computed from the images"])
      }
      return [.activation(try combined(a, b, isProduct: operation == "Mul", call))]
    }
    return [.activation(try affine(call))]
  }

  private mutating func combined(
    _ first: ONNXActivation, _ second: ONNXActivation, isProduct: Bool, _ call: ONNXCall
  ) throws -> ONNXActivation {
    var a = try settled(first, name: call.name + "_take")
    var b = try settled(second, name: call.name + "_take")
    if a.view.extents != b.view.extents {
      guard isProduct else {
        throw ONNXProblem.unsupported([
          "a sum of extents \(Self.text(a.view.extents)) and \(Self.text(b.view.extents))"
        ])
      }
      return try scaled(a, b, call)
    }
    if isProduct, let swish = hardSwish(a, b) {
      return ONNXActivation(
        node: try builder.add(HardSwish.kind, [:], [swish.node], name: call.name), view: swish.view)
    }
    if a.view.coalesced != b.view.coalesced {
      // One of them is a shuffled or otherwise moved image: bring both into the order of layers.
      a = try ordered(a, name: call.name)
      b = try ordered(b, name: call.name)
    }
    guard a.view.coalesced == b.view.coalesced else { throw Self.misplaced(b) }
    if shape(a) != shape(b) {
      a.node = try builder.flatten(a.node, name: call.name + "_flat")
      b.node = try builder.flatten(b.node, name: call.name + "_flat")
    }
    let node = try builder.add(isProduct ? Multiply.kind : Add.kind, [:], [a.node, b.node], name: call.name)
    return ONNXActivation(node: node, view: a.view)
  }

  /// Extents as errors name them, `[N, C, H, W]`.
  static func text(_ extents: [Int?]) -> String {
    "[" + extents.map { $0.map(String.init) ?? "N" }.joined(separator: ", ") + "]"
  }

  /// An image times one factor for each channel, in either order.
  private mutating func scaled(_ a: ONNXActivation, _ b: ONNXActivation, _ call: ONNXCall) throws
    -> ONNXActivation
  {
    let (image, factors) = a.view.count >= b.view.count ? (a, b) : (b, a)
    let refused = ONNXProblem.unsupported([
      "a product of extents \(Self.text(a.view.extents)) and \(Self.text(b.view.extents)); one factor for each channel is taken"
    ])
    guard image.view.rank == factors.view.rank, shape(image).rank == 3 else { throw refused }
    let axes = (1..<image.view.rank).filter { factors.view.extent($0) != 1 }
    let channels = shape(image)[2]
    guard axes.count == 1, factors.view.count == channels, shape(factors).isFactor(of: shape(image)),
      image.view.order(alongAxis: axes[0], width: channels) == .memory,
      factors.view.order(alongAxis: axes[0], width: channels) == .memory
    else { throw refused }
    let node = try builder.add(Multiply.kind, [:], [image.node, factors.node], name: call.name)
    return ONNXActivation(node: node, view: image.view)
  }

  /// The input of a hard swish, `x` times the hard sigmoid of `x`, as exporters write it.
  private func hardSwish(_ a: ONNXActivation, _ b: ONNXActivation) -> ONNXActivation? {
    guard a.view.coalesced == b.view.coalesced else { return nil }
    for (x, gate) in [(a, b), (b, a)] {
      let draft = builder.drafts[gate.node]
      if let line = draft.layer as? HardSigmoid, draft.inputs == [x.node], line.offset == 0.5,
        abs(6 * line.slope - 1) < 1e-6
      {
        return x
      }
    }
    return nil
  }
}
