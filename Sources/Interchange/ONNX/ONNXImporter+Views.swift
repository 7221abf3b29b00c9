import Layers
import Tensors

/// Bringing views into the forms that layers read.
extension ONNXImporter {
  /// Which axes of a tensor are height, width and channels of an image.
  struct ImageAxes: Equatable {
    let height: Int
    let width: Int
    let channels: Int

    /// The layouts of ONNX's operators and of NHWC exporters come first: with extents of 1 several fit.
    static let all = [
      ImageAxes(height: 2, width: 3, channels: 1), ImageAxes(height: 1, width: 2, channels: 3),
      ImageAxes(height: 3, width: 2, channels: 1), ImageAxes(height: 2, width: 1, channels: 3),
      ImageAxes(height: 1, width: 3, channels: 2), ImageAxes(height: 3, width: 1, channels: 2),
    ]

    /// The view of an image `[H, W, C]` with these axes.
    func view(_ image: Shape) -> ONNXView {
      var axes = [[ONNXView.batch], [], [], []]
      axes[height] = [0]
      axes[width] = [1]
      axes[channels] = [2]
      return ONNXView(factors: image.dimensions, axes: axes)
    }
  }

  func shape(_ activation: ONNXActivation) -> Shape { builder.drafts[activation.node].shape }

  /// The axes of an activation that is an image with all of its channels in order; `nil` when it is none.
  func imageAxes(_ activation: ONNXActivation) -> ImageAxes? {
    let shape = shape(activation)
    guard shape.rank == 3, activation.view.rank == 4, activation.view.startsWithBatch else { return nil }
    let view = activation.view.coalesced
    return ImageAxes.all.first { $0.view(shape).coalesced == view && $0.fits(activation.view.extents, shape) }
  }

  /// Does what a Slice left for later: takes every few rows and columns.
  mutating func settled(_ activation: ONNXActivation, name: String) throws -> ONNXActivation {
    guard activation.stride != [1, 1] else { return activation }
    guard let axes = imageAxes(activation) else { throw Self.misplaced(activation) }
    let node = try builder.add(
      AveragePool.kind, ["kernel": .integer(1), "stride": .integers(activation.stride)], [activation.node],
      name: name)
    return ONNXActivation(node: node, view: axes.view(builder.drafts[node].shape))
  }

  /// The node that holds an `[N, C, H, W]` tensor as an image `[H, W, C]`.
  ///
  /// Channels seen as groups and transposed become a `channel_shuffle`.
  mutating func image(_ given: ONNXActivation, name: String) throws -> ONNXGraphBuilder.Index {
    let activation = try settled(given, name: name + "_take")
    let view = activation.view.coalesced
    guard view.rank == 4, view.startsWithBatch else {
      throw ONNXProblem.unsupported([
        "a tensor of \(view.rank) axes where an image [N, C, H, W] is taken"
      ])
    }
    let extents = view.extents.compactMap { $0 }
    let plain = ONNXView.image(extents[1], extents[2], extents[0])
    guard shape(activation) == [extents[1], extents[2], extents[0]] else { throw Self.misplaced(activation) }
    if view == plain.coalesced { return activation.node }
    guard view.axes[1].count == 2, view.axes[1][0] == view.axes[1][1] + 1 else {
      throw Self.misplaced(activation)
    }
    let inOrder = ONNXView(
      factors: view.factors, axes: [view.axes[0], view.axes[1].reversed(), view.axes[2], view.axes[3]])
    guard inOrder.coalesced == plain.coalesced else { throw Self.misplaced(activation) }
    return try builder.shuffle(
      activation.node, groups: view.factors[view.axes[1][1]], name: name + "_shuffle")
  }

  /// The activation with the channels of an image in the order of memory: a shuffle that was left for later is done.
  mutating func ordered(_ given: ONNXActivation, name: String) throws -> ONNXActivation {
    let activation = try settled(given, name: name + "_take")
    guard activation.view.rank == 4, shape(activation).rank == 3, imageAxes(activation) == nil else {
      return activation
    }
    let node = try image(activation, name: name)
    let shape = builder.drafts[node].shape
    return ONNXActivation(node: node, view: .image(shape[0], shape[1], shape[2]))
  }

  /// The node that holds an `[N, F]` tensor as a vector, and for each feature its place in the vector when they differ.
  mutating func vector(
    _ given: ONNXActivation, name: String
  ) throws -> (node: ONNXGraphBuilder.Index, isPermuted: Bool) {
    let activation = try settled(given, name: name + "_take")
    guard activation.view.rank == 2, activation.view.startsWithBatch else {
      throw ONNXProblem.unsupported([
        "a tensor of \(activation.view.rank) axes where [N, features] is taken. Put a Flatten before it"
      ])
    }
    let node = try builder.flatten(activation.node, name: name + "_flat")
    return (node, activation.view.order(alongAxis: 1, width: activation.view.count) == .permuted)
  }

  /// The activation with an axis that runs over the last dimension of its node, flattened if need be.
  mutating func channels(
    _ given: ONNXActivation, axis: Int, name: String
  ) throws -> (activation: ONNXActivation, width: Int, isPermuted: Bool) {
    var activation = try settled(given, name: name + "_take")
    var width = shape(activation)[-1]
    var order = activation.view.order(alongAxis: axis, width: width)
    if order == .elsewhere, activation.view.extent(axis) == activation.view.count {
      activation.node = try builder.flatten(activation.node, name: name + "_flat")
      width = activation.view.count
      order = activation.view.order(alongAxis: axis, width: width)
    }
    guard order != .elsewhere else {
      throw ONNXProblem.unsupported(["it works along axis \(axis), which is not that of the channels"])
    }
    return (activation, width, order == .permuted)
  }

  /// Values given for each position of an axis, in the order of memory.
  func inMemoryOrder(_ values: [Float], _ activation: ONNXActivation, axis: Int) -> [Float] {
    var result = values
    for (index, place) in activation.view.positions(alongAxis: axis).enumerated() {
      result[place] = values[index]
    }
    return result
  }

  /// The node of a result of the graph: `[1, 1, C]` becomes a vector of scores.
  mutating func settledOutput(_ given: ONNXActivation, _ name: String) throws -> ONNXGraphBuilder.Index {
    let activation = try settled(given, name: name + "_take")
    guard activation.view.startsWithBatch else { throw Self.misplaced(activation) }
    if activation.view.rank == 4, activation.view.extents.dropFirst(2).contains(where: { $0 != 1 }) {
      return try image(activation, name: name)
    }
    let whole = ONNXView(
      factors: activation.view.factors,
      axes: [[ONNXView.batch], Array(activation.view.axes.dropFirst().joined())])
    let flat = try vector(ONNXActivation(node: activation.node, view: whole), name: name)
    guard !flat.isPermuted else {
      throw ONNXProblem.unsupported([
        "output '\(name)', a flattened image: its values would be in the order H, W, C instead of C, H, W"
      ])
    }
    return flat.node
  }

  static func misplaced(_ activation: ONNXActivation) -> ONNXProblem {
    .unsupported([
      "a Reshape or Transpose before it that no layer can do (axes \(activation.view.axes) over memory "
        + "\(activation.view.factors))"
    ])
  }
}

extension ONNXImporter.ImageAxes {
  /// Whether the extents of a tensor are those of an image on these axes.
  func fits(_ extents: [Int?], _ image: Shape) -> Bool {
    extents[height] == image[0] && extents[width] == image[1] && extents[channels] == image[2]
  }
}
