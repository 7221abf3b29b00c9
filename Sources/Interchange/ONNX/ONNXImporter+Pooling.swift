import Layers
import Tensors

/// The window of a Conv or a pool as ONNX writes it, checked.
struct ONNXWindow {
  let kernel: [Int]
  let stride: [Int]
  let dilation: [Int]
  /// `[top, left, bottom, right]`.
  var padding: [Int]

  private static let limit = 1 << 20

  /// Reads strides, dilations, pads and auto_pad.
  ///
  /// `SAME` padding makes `ceil(in / stride)` positions; the odd row goes to the end (`SAME_UPPER`) or the beginning.
  init(_ node: ONNXNode, kernel: [Int], image: Shape) throws(ONNXProblem) {
    guard kernel.count == 2 else {
      throw .unsupported(["a window over \(kernel.count) dimensions; 2 are taken"])
    }
    stride = try node.integers("strides", count: 2, default: 1)
    dilation = try node.integers("dilations", count: 2, default: 1)
    self.kernel = kernel
    guard (kernel + stride + dilation).allSatisfy({ $0 >= 1 && $0 <= Self.limit }) else {
      throw .malformed(
        "kernel \(kernel), strides \(stride) and dilations \(dilation) must be in 1 ... \(Self.limit)")
    }
    let rule = try node.text("auto_pad", default: "NOTSET")
    switch rule {
    case "NOTSET", "": padding = try node.integers("pads", count: 4, default: 0)
    case "VALID": padding = [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      padding = [0, 0, 0, 0]
      for side in 0..<2 {
        let positions = (image[side] + stride[side] - 1) / stride[side]
        let reach = (positions - 1) * stride[side] + dilation[side] * (kernel[side] - 1) + 1
        let total = max(reach - image[side], 0)
        let (less, more) = (total / 2, total - total / 2)
        padding[side] = rule == "SAME_UPPER" ? less : more
        padding[side + 2] = rule == "SAME_UPPER" ? more : less
      }
    default: throw .malformed("auto_pad is '\(rule)', which the format does not have")
    }
    guard padding.allSatisfy({ $0 >= 0 && $0 <= Self.limit }) else {
      throw .unsupported(["pads \(padding), which cut the image or are beyond \(Self.limit)"])
    }
  }

  /// Rows and columns behind the padded image that the last window of `ceil_mode` reaches over, `[bottom, right]`.
  ///
  /// A window that would begin behind the image is left out, as in PyTorch and ONNX Runtime.
  func overhang(_ image: Shape) -> [Int] {
    (0..<2).map { side in
      let padded = image[side] + padding[side] + padding[side + 2]
      guard padded >= kernel[side] else { return 0 }
      var last = (padded - kernel[side] + stride[side] - 1) / stride[side] * stride[side]
      if last >= image[side] + padding[side] { last -= stride[side] }
      return max(last + kernel[side] - padded, 0)
    }
  }

  /// kernel, stride and padding as layers take them.
  var attributes: [String: LayerAttribute] {
    ["kernel": .integers(kernel), "stride": .integers(stride), "padding": .integers(padding)]
  }
}

/// Pools and means.
extension ONNXImporter {
  /// MaxPool and AveragePool.
  ///
  /// Rows that `ceil_mode` adds are padding that no mean counts. Where a mean counts the explicit padding but not those
  /// rows, the explicit padding becomes a layer of its own.
  mutating func pool(_ call: ONNXCall) throws -> [ONNXValue] {
    var input = try image(call.activation(0), name: call.name)
    let isMaximum = call.node.proto.opType == "MaxPool"
    if isMaximum, call.node.proto.output.count > 1, !call.node.proto.output[1].isEmpty {
      throw ONNXProblem.unsupported(["the positions of the maxima as a second result"])
    }
    guard let kernel = try call.node.integers("kernel_shape") else {
      throw ONNXProblem.malformed("attribute 'kernel_shape' is not given")
    }
    var window = try ONNXWindow(call.node, kernel: kernel, image: builder.drafts[input].shape)
    guard window.dilation == [1, 1] else {
      throw ONNXProblem.unsupported(["a pool with dilations \(window.dilation)"])
    }
    let overhang =
      try call.node.integer("ceil_mode", default: 0) != 0
      ? window.overhang(builder.drafts[input].shape) : [0, 0]
    var countsPadding = try !isMaximum && call.node.integer("count_include_pad", default: 0) != 0
    if overhang != [0, 0], countsPadding {
      if window.padding != [0, 0, 0, 0] {
        input = try builder.add(
          Pad.kind, ["padding": .integers(window.padding)], [input], name: call.name + "_pad")
        window.padding = [0, 0, 0, 0]
      }
      countsPadding = false
    }
    window.padding[2] += overhang[0]
    window.padding[3] += overhang[1]
    var attributes = window.attributes
    if !isMaximum { attributes["count_padding"] = .boolean(countsPadding) }
    let node = try builder.add(
      isMaximum ? MaxPool.kind : AveragePool.kind, attributes, [input], name: call.name)
    return [imageValue(node)]
  }

  mutating func globalAveragePool(_ call: ONNXCall) throws -> [ONNXValue] {
    let input = try image(call.activation(0), name: call.name)
    let node = try builder.add(GlobalAveragePool.kind, [:], [input], name: call.name)
    return [imageValue(node)]
  }

  /// ReduceMean over height and width, whichever axes they are; axes are an attribute before opset 18, then an input.
  mutating func mean(_ call: ONNXCall) throws -> [ONNXValue] {
    let x = try ordered(call.activation(0), name: call.name)
    let list = [nil, try optionalConstant(call, 1)]
    let axes = try ONNXFolding.axes(call.node, list, at: 1, rank: x.view.rank) ?? []
    if axes.isEmpty, try call.node.integer("noop_with_empty_axes", default: 0) != 0 {
      return [.activation(x)]
    }
    guard let image = imageAxes(x), axes == [image.height, image.width].sorted() else {
      throw ONNXProblem.unsupported([
        "a mean over axes \(axes.isEmpty ? "all" : "\(axes)") of \(Self.text(x.view.extents)); only height and width are averaged"
      ])
    }
    let node = try builder.add(GlobalAveragePool.kind, [:], [x.node], name: call.name)
    let view = image.view(builder.drafts[node].shape)
    let keeps = try call.node.integer("keepdims", default: 1) != 0
    return [.activation(ONNXActivation(node: node, view: keeps ? view : view.removing(Set(axes))))]
  }
}
