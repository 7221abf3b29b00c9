import COneDNN
import Tensors

/// How a convolution or a pool moves over an image.
public struct Window: Hashable, Sendable {
  /// Extents of the kernel, `[height, width]`.
  public var kernel: [Int]
  /// Steps between positions, `[height, width]`.
  public var stride = [1, 1]
  /// Zeros around the image, `[top, left, bottom, right]`.
  public var padding = [0, 0, 0, 0]
  /// Distance between the kernel's taps, `[height, width]`.
  public var dilation = [1, 1]

  /// Makes a window; every entry is at least 1, paddings at least 0.
  public init(
    kernel: [Int], stride: [Int] = [1, 1], padding: [Int] = [0, 0, 0, 0], dilation: [Int] = [1, 1]
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// Height and width of the output.
  ///
  ///     out = (in + before + after - dilation (kernel - 1) - 1) / stride + 1
  ///
  /// - Throws: ``LayerError/invalid(_:)`` when the kernel is larger than the padded image.
  public func outputExtents(height: Int, width: Int) throws(LayerError) -> (height: Int, width: Int) {
    guard kernel.count == 2, stride.count == 2, padding.count == 4, dilation.count == 2,
      (kernel + stride + dilation).allSatisfy({ $0 >= 1 }), padding.allSatisfy({ $0 >= 0 })
    else {
      throw .invalid(
        "kernel \(kernel), stride \(stride) and dilation \(dilation) need two entries of at least 1, "
          + "padding \(padding) four of at least 0")
    }
    let padded = [height + padding[0] + padding[2], width + padding[1] + padding[3]]
    let reach = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1]
    guard reach[0] <= padded[0], reach[1] <= padded[1] else {
      throw .invalid(
        "a kernel that reaches over \(reach[0])x\(reach[1]) values does not fit the padded input "
          + "\(padded[0])x\(padded[1]). Pad more or take a smaller kernel.")
    }
    return ((padded[0] - reach[0]) / stride[0] + 1, (padded[1] - reach[1]) / stride[1] + 1)
  }

  /// The C face's description of one shard of the work.
  func shape(input: Shape, output: Shape, groups: Int) -> aq_conv_shape {
    var shape = aq_conv_shape()
    shape.in_height = Int32(input[0])
    shape.in_width = Int32(input[1])
    shape.in_channels = Int32(input[2])
    shape.out_height = Int32(output[0])
    shape.out_width = Int32(output[1])
    shape.out_channels = Int32(output[2])
    shape.kernel_height = Int32(kernel[0])
    shape.kernel_width = Int32(kernel[1])
    shape.groups = Int32(groups)
    shape.stride_height = Int32(stride[0])
    shape.stride_width = Int32(stride[1])
    shape.dilation_height = Int32(dilation[0])
    shape.dilation_width = Int32(dilation[1])
    shape.pad_top = Int32(padding[0])
    shape.pad_left = Int32(padding[1])
    shape.pad_bottom = Int32(padding[2])
    shape.pad_right = Int32(padding[3])
    return shape
  }

  var attributes: [(name: String, value: LayerAttribute)] {
    [
      ("kernel", .integers(kernel)), ("stride", .integers(stride)), ("padding", .integers(padding)),
      ("dilation", .integers(dilation)),
    ]
  }
}

/// Images per shard of a convolution; the number of shards depends on the batch alone.
let imagesPerShard = 8

/// A status of the C face that is not 0 becomes an error that names the operation.
func checkOneDNN(_ status: Int32, _ operation: String) throws(LayerError) {
  guard status != 0 else { return }
  let reason =
    [1: "out of memory", 2: "invalid arguments", 3: "not implemented"][status] ?? "status \(status)"
  throw .invalid("oneDNN \(String(cString: aq_onednn_version())) refused \(operation): \(reason)")
}
