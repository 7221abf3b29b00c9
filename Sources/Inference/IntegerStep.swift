import CKernels
import Tensors

/// Where a step reads and writes in a shard's memory: offsets in bytes.
struct StepPlaces: Sendable {
  let inputs: [Int]
  let output: Int
  let scratch: Int
}

/// The memory of a shard and the kernels to use in it.
struct StepMemory {
  let start: UnsafeMutableRawPointer
  let variant: UnsafePointer<aq_integer_variant>

  func codes(_ offset: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(start.advanced(by: offset).assumingMemoryBound(to: UInt8.self))
  }

  func target(_ offset: Int) -> UnsafeMutablePointer<UInt8> {
    start.advanced(by: offset).assumingMemoryBound(to: UInt8.self)
  }
}

/// A node that is ready to run: constants packed, corrections folded, bounds checked.
protocol IntegerStep: Sendable {
  /// Bytes of scratch it needs.
  var scratchBytes: Int { get }

  /// Computes one image.
  func run(_ memory: StepMemory, _ places: StepPlaces)
}

extension IntegerStep {
  var scratchBytes: Int { 0 }
}

/// The node being prepared, with what it reads.
struct StepContext {
  let node: IntegerNode
  let inputs: [IntegerNode]

  func shapeError(_ problem: String) -> InferenceError { .shape(node: node.name, problem) }

  /// The extents of input `index` as an image; a vector is one position of many channels.
  func image(_ index: Int) throws(InferenceError) -> (height: Int, width: Int, channels: Int) {
    let shape = inputs[index].shape
    switch shape.rank {
    case 1: return (1, 1, shape[0])
    case 3: return (shape[0], shape[1], shape[2])
    default: throw shapeError("input \(shape) is neither an image nor a vector")
    }
  }

  /// The geometry of a window over the first input, checked against the output's shape.
  func geometry(_ window: WindowGeometry, groups: Int) throws(InferenceError) -> aq_conv_geometry {
    let isVector = node.shape.rank == 1
    let input = isVector ? (1, 1, inputs[0].shape.count) : try image(0)
    let output = isVector ? [1, 1, node.shape[0]] : node.shape.dimensions
    guard output.count == 3, window.kernel.count == 2, window.stride.count == 2, window.dilation.count == 2,
      window.padding.count == 2, (window.kernel + window.stride + window.dilation).allSatisfy({ $0 > 0 }),
      window.padding.allSatisfy({ $0 >= 0 }),
      window.kernel.reduce(Double(input.2), { $0 * Double($1) }) < 0x1p31,
      groups > 0, input.2 % groups == 0, output[2] % groups == 0
    else {
      throw shapeError("\(window) in \(groups) groups does not give \(node.shape) of \(inputs[0].shape)")
    }
    return aq_conv_geometry(
      in_h: input.0, in_w: input.1, in_c: input.2, out_h: output[0], out_w: output[1], out_c: output[2],
      kernel_h: window.kernel[0], kernel_w: window.kernel[1], stride_h: window.stride[0],
      stride_w: window.stride[1], dilation_h: window.dilation[0], dilation_w: window.dilation[1],
      pad_top: window.padding[0], pad_left: window.padding[1], groups: groups,
      zero_point: UInt8(truncatingIfNeeded: inputs[0].grid.zeroPoint))
  }
}
