import Layers
import Tensors

/// How a file of weights orders the values of a tensor.
///
/// | | convolution | linear layer behind a flattened image |
/// |---|---|---|
/// | ``augq`` | `[O, kH, kW, I / groups]` | columns in the order row, column, channel |
/// | ``pytorch`` | `[O, I / groups, kH, kW]` | columns in the order channel, row, column |
///
/// Everything else is the same in both.
enum WeightLayout: String {
  case augq = "OHWI"
  case pytorch = "OIHW"

  /// The key of a file's metadata that names the layout.
  static let metadataKey = "layout"

  /// Ours when the metadata say so, else PyTorch's, which says nothing.
  init(metadata: [String: String]) {
    self = metadata[Self.metadataKey] == WeightLayout.augq.rawValue ? .augq : .pytorch
  }

  /// The shape that a file gives to a parameter of our shape.
  func storedShape(_ shape: Shape) -> Shape {
    self == .pytorch && shape.rank == 4 ? [shape[0], shape[3], shape[1], shape[2]] : shape
  }

  /// Returns stored values in our order.
  ///
  /// - Parameter order: For each value of the node's input, its place in PyTorch's order, where that differs.
  func converted(_ stored: Tensor, order: [Int]?) -> Tensor {
    guard self == .pytorch else { return stored }
    if stored.shape.rank == 4 { return stored.channelsLast }
    guard let order else { return stored }
    // Weights of a linear layer `[O, I]`, or one value per input, as of a batch norm.
    let isPerInput = stored.shape == [order.count]
    return isPerInput || stored.shape.rank == 2 ? stored.takingColumns(order) : stored
  }
}

extension Tensor {
  /// `[O, I, H, W]` to `[O, H, W, I]`.
  fileprivate var channelsLast: Tensor {
    let (filters, channels, positions) = (shape[0], shape[1], shape[2] * shape[3])
    return withValues { source in
      Tensor([filters, shape[2], shape[3], channels]) { target in
        for filter in 0..<filters {
          for channel in 0..<channels {
            let plane = (filter * channels + channel) * positions
            for position in 0..<positions {
              target[(filter * positions + position) * channels + channel] = source[plane + position]
            }
          }
        }
      }
    }
  }

  /// The rows with column `i` taken from column `order[i]`.
  fileprivate func takingColumns(_ order: [Int]) -> Tensor {
    withValues { source in
      Tensor(shape) { target in
        for start in stride(from: 0, to: source.count, by: order.count) {
          for (column, origin) in order.enumerated() { target[start + column] = source[start + origin] }
        }
      }
    }
  }
}

extension Graph {
  /// For every node that reads a flattened image, the place of each of our values in PyTorch's order.
  ///
  /// Ours is row, column, channel; PyTorch's is channel, row, column. Layers between that keep the order may follow the
  /// flatten. Nodes without a difference are absent.
  var channelFirstOrders: [String: [Int]] {
    var outputs = [[Int]?](repeating: nil, count: nodes.count)
    var inputs: [String: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      guard let layer = node.layer, let input = node.inputs.first else { continue }
      inputs[node.name] = outputs[input]
      if layer is Flatten, nodes[input].shape.rank == 3 {
        outputs[index] = Self.channelFirstOrder(of: nodes[input].shape)
      } else if !(layer is Linear), node.shape == nodes[input].shape {
        outputs[index] = outputs[input]
      }
    }
    return inputs
  }

  private static func channelFirstOrder(of image: Shape) -> [Int]? {
    let (positions, channels) = (image[0] * image[1], image[2])
    guard positions > 1, channels > 1 else { return nil }
    return (0..<positions * channels).map { $0 % channels * positions + $0 / channels }
  }
}
