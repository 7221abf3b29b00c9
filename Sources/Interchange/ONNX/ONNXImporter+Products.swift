import Layers
import Tensors

/// Convolutions, matrix products and batch normalisation.
extension ONNXImporter {
  /// Conv: weights `[O, I / g, kH, kW]` become `[O, kH, kW, I / g]`; a Pad of rows and columns before it joins it.
  mutating func convolution(_ call: ONNXCall) throws -> [ONNXValue] {
    var input = try image(call.activation(0), name: call.name)
    let weight = try constant(call, 1)
    guard weight.dims.count == 4, let values = weight.floats else {
      throw ONNXProblem.unsupported(["weights of extents \(weight.dims); only 2-d convolutions are imported"])
    }
    let kernel = try call.node.integers("kernel_shape") ?? [weight.dims[2], weight.dims[3]]
    guard kernel == [weight.dims[2], weight.dims[3]] else {
      throw ONNXProblem.malformed("kernel_shape is \(kernel), but the weights are \(weight.dims)")
    }
    var window = try ONNXWindow(call.node, kernel: kernel, image: builder.drafts[input].shape)
    if let pad = builder.drafts[input].layer as? Pad, pad.channels == [0, 0],
      let inner = builder.drafts[input].inputs.first
    {
      input = inner
      window.padding = zip(window.padding, pad.padding).map { $0 + $1 }
    }
    try spend(values.count)
    let bias = try optionalConstant(call, 2)
    var parameters = [
      "weight": Tensor(
        Shape([0, 2, 3, 1].map { weight.dims[$0] }), weight.transposed([0, 2, 3, 1]).floats ?? values)
    ]
    if let bias { parameters["bias"] = try Self.list(bias, count: weight.dims[0], "bias") }
    let node = try builder.add(
      Conv2d.kind,
      window.attributes.merging([
        "filters": .integer(weight.dims[0]), "dilation": .integers(window.dilation),
        "groups": .integer(call.node.integer("group", default: 1)), "bias": .boolean(bias != nil),
      ]) { $1 }, [input], name: call.name, parameters: parameters)
    return [imageValue(node)]
  }

  /// The value of a node that makes an image, as `[N, C, H, W]`.
  func imageValue(_ node: ONNXGraphBuilder.Index) -> ONNXValue {
    let shape = builder.drafts[node].shape
    return .activation(ONNXActivation(node: node, view: .image(shape[0], shape[1], shape[2])))
  }

  /// A list of one number for each of `count` channels.
  static func list(_ constant: ONNXConstant, count: Int, _ what: String) throws(ONNXProblem) -> Tensor {
    guard let values = constant.floats, values.count == count else {
      throw .malformed("the \(what) is of extents \(constant.dims), but \(count) values are needed")
    }
    return Tensor([count], values)
  }

  /// Gemm `alpha A B + beta C`, and MatMul, with constant B: a linear layer.
  ///
  /// A flattened image is `[C, H, W]` in the file and `[H, W, C]` in our memory: the columns of the weight are moved.
  mutating func matrixProduct(_ call: ONNXCall) throws -> [ONNXValue] {
    let x = try call.activation(0)
    let input = try vector(x, name: call.name)
    let matrix = try constant(call, 1)
    let isGemm = call.node.proto.opType == "Gemm"
    let isTransposed = try isGemm && call.node.integer("transB", default: 0) != 0
    guard try !isGemm || call.node.integer("transA", default: 0) == 0 else {
      throw ONNXProblem.unsupported(["Gemm with transA"])
    }
    guard matrix.dims.count == 2, let values = matrix.floats else {
      throw ONNXProblem.unsupported(["a product with a constant of extents \(matrix.dims)"])
    }
    let (outputs, features) =
      isTransposed ? (matrix.dims[0], matrix.dims[1]) : (matrix.dims[1], matrix.dims[0])
    guard builder.drafts[input.node].shape == [features] else {
      throw ONNXProblem.malformed(
        "the matrix takes \(features) features, but there are \(builder.drafts[input.node].shape)")
    }
    try spend(values.count)
    let alpha = isGemm ? try call.node.number("alpha", default: 1) : 1
    let places = input.isPermuted ? x.view.positions(alongAxis: 1) : Array(0..<features)
    let weight = Tensor([outputs, features]) { target in
      for o in 0..<outputs {
        for i in 0..<features {
          target[o * features + places[i]] = alpha * values[isTransposed ? o * features + i : i * outputs + o]
        }
      }
    }
    var parameters = ["weight": weight]
    if isGemm, let bias = try optionalConstant(call, 2) {
      let beta = try call.node.number("beta", default: 1)
      let values = (bias.floats ?? []).map { beta * $0 }
      guard values.count == 1 || values.count == outputs, bias.dims.dropLast().allSatisfy({ $0 == 1 }) else {
        throw ONNXProblem.malformed("C is of extents \(bias.dims), but \(outputs) values are needed")
      }
      parameters["bias"] = Tensor(
        [outputs], values.count == 1 ? [Float](repeating: values[0], count: outputs) : values)
    }
    let node = try builder.add(
      Linear.kind, ["features": .integer(outputs), "bias": .boolean(parameters["bias"] != nil)], [input.node],
      name: call.name, parameters: parameters)
    return [.activation(ONNXActivation(node: node, view: .plain([outputs])))]
  }

  private static let inTraining = ONNXProblem.unsupported([
    "training_mode 1. Export the model in evaluation mode"
  ])

  /// Dropout, which in evaluation mode changes nothing.
  mutating func dropout(_ call: ONNXCall) throws -> [ONNXValue] {
    if let mode = try optionalConstant(call, 2),
      try ONNXFolding.known(mode, "training_mode").contains(where: { $0 != 0 })
    {
      throw Self.inTraining
    }
    return [.activation(try call.activation(0))]
  }

  /// BatchNormalization in inference form, over the channels of an image or the features of a vector.
  mutating func batchNormalization(_ call: ONNXCall) throws -> [ONNXValue] {
    guard try call.node.integer("training_mode", default: 0) == 0 else {
      throw Self.inTraining
    }
    let x = try call.activation(0)
    guard x.view.rank >= 2 else { throw ONNXProblem.malformed("it needs at least 2 axes") }
    let input = try channels(x, axis: 1, name: call.name)
    var parameters: [String: Tensor] = [:]
    for (index, name) in ["weight", "bias", "running_mean", "running_var"].enumerated() {
      let list = try Self.list(try constant(call, index + 1), count: input.width, name)
      try spend(list.count)
      parameters[name] = Tensor(
        list.shape, input.isPermuted ? inMemoryOrder(list.values, input.activation, axis: 1) : list.values)
    }
    let epsilon = try call.node.number("epsilon", default: 1e-5)
    let layer = BatchNorm(channels: input.width, epsilon: epsilon)
    if let variance = layer.unusableVariance(parameters["running_var"]?.values ?? []) {
      throw ONNXProblem.malformed("a variance of \(variance) with epsilon \(epsilon) is not positive")
    }
    let momentum = try call.node.number("momentum", default: 0.9)
    let node = try builder.add(
      BatchNorm.kind, ["epsilon": .number(Double(epsilon)), "momentum": .number(Double(1 - momentum))],
      [input.activation.node], name: call.name, parameters: parameters)
    return [.activation(ONNXActivation(node: node, view: input.activation.view))]
  }
}
