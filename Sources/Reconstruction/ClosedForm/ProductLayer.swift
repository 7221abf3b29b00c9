import CKernels
import Layers
import Tensors

/// A convolution or linear layer as matrix products: in each group, `columns` values of a patch times `rows` rows of weights.
struct ProductLayer {
  /// The node's name.
  let name: String
  /// Groups of channels, each with a product of its own.
  let groups: Int
  /// Output channels per group.
  let rows: Int
  /// Values of a patch per group.
  let columns: Int
  /// Patches per image.
  let positions: Int
  /// `nil` for linear layers, whose patches are their inputs.
  private let geometry: aq_conv_geometry?

  /// Describes a node; `nil` when it has no weights to multiply by.
  init?(_ graph: Graph, _ index: NodeIndex) {
    let node = graph.nodes[index]
    name = node.name
    if let linear = node.layer as? Linear {
      (groups, rows, columns, positions) = (1, linear.features, linear.inFeatures, 1)
      geometry = nil
    } else if let conv = node.layer as? Conv2d {
      let window = conv.window
      groups = conv.groups
      rows = conv.filters / groups
      columns = window.kernel[0] * window.kernel[1] * conv.inChannels / groups
      positions = node.shape[0] * node.shape[1]
      let input = graph.nodes[node.inputs[0]].shape
      geometry = aq_conv_geometry(
        in_h: input[0], in_w: input[1], in_c: input[2], out_h: node.shape[0], out_w: node.shape[1],
        out_c: conv.filters, kernel_h: window.kernel[0], kernel_w: window.kernel[1],
        stride_h: window.stride[0], stride_w: window.stride[1], dilation_h: window.dilation[0],
        dilation_w: window.dilation[1], pad_top: window.padding[0], pad_left: window.padding[1],
        groups: groups, zero_point: 0)
    } else {
      return nil
    }
  }

  /// Values of a patch over all groups.
  var depth: Int { groups * columns }

  /// Returns every `step`-th patch, counted through all images: patches `range`, multiplied by `step`, as
  /// `[range.count, groups * columns]`.
  func patches(of x: Tensor, _ range: Range<Int>, step: Int, execution: Execution) throws -> Tensor {
    let imageSize = x.shape.droppingFirst.count
    let shards = Execution.shardCount(for: range.count, grain: 256)
    return try Tensor([range.count, depth]) { target in
      try x.withValues { source in
        try execution.forEachShard(shards) { shard in
          guard let images = source.baseAddress, let output = target.baseAddress else { return }
          let part = Execution.range(ofShard: shard, of: shards, count: range.count)
          var next = part.lowerBound
          while next < part.upperBound {
            let (image, first) = ((range.lowerBound + next) * step).quotientAndRemainder(
              dividingBy: positions)
            let count = min((positions - first + step - 1) / step, part.upperBound - next)
            copy(images + image * imageSize, first, count, step, output + next * depth)
            next += count
          }
        }
      }
    }
  }

  private func copy(
    _ image: UnsafePointer<Float>, _ first: Int, _ count: Int, _ step: Int,
    _ rows: UnsafeMutablePointer<Float>
  ) {
    if var geometry {
      aq_im2col_f32(&geometry, image, first, count, step, rows)
    } else {
      rows.update(from: image, count: depth)
    }
  }
}
