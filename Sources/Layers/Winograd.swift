import CKernels
import COneDNN
import Tensors

/// A 3x3 convolution of stride 1 by minimal filtering F(4x4, 3x3): a quarter of the multiplications.
///
///     Y = A' [ (G w G') . (B' x B) ] A
///
/// for every tile of 4x4 outputs; `.` is a product of matrices over the channels at each of 36 points, and oneDNN
/// computes those (Lavin and Gray 2016, arXiv 1509.09308, equation 12). Rounding errors are some ten times those of
/// the direct sum, near 2^-18 of the largest output, so passes that take gradients use it and inference does not.
struct WinogradConvolution {
  private let input: Shape
  private let output: Shape
  /// Rows above and columns before the image that the first output sees.
  private let padding: (top: Int, left: Int)

  /// Batches `[N, h, w, C]` and `[N, oh, ow, O]` of a convolution that it suits; `nil` for the others.
  ///
  /// It does not pay for few channels, for images that fill less than half of their tiles, and for so few tiles that transforming
  /// the weights takes longer than their use.
  init?(_ window: Window, groups: Int, images: Int, input: Shape, output: Shape) {
    guard window.kernel == [3, 3], window.stride == [1, 1], window.dilation == [1, 1], groups == 1,
      window.padding.allSatisfy({ $0 <= 2 })
    else { return nil }
    let (inputs, outputs) = (input[2], output[2])
    guard inputs % AQ_WINOGRAD_LANES == 0, outputs % AQ_WINOGRAD_LANES == 0, inputs * outputs >= 256,
      Self.usefulShare(input) >= 0.5, Self.usefulShare(output) >= 0.5,
      images * Tiling(output).perImage * 16 >= min(inputs, outputs)
    else { return nil }
    self.input = input
    self.output = output
    padding = (window.padding[0], window.padding[1])
  }

  /// Share of the values in whole tiles that lie inside the image.
  private static func usefulShare(_ image: Shape) -> Double {
    let tiles = Tiling(image)
    return Double(image[0] * image[1]) / Double(tiles.perImage * Tiling.side * Tiling.side)
  }

  /// Outputs `[N, oh, ow, O]` of images `[N, h, w, C]`; weight `[O, 3, 3, C]`, bias `[O]`.
  func forward(_ x: Tensor, weight: Tensor, bias: Tensor?, _ execution: Execution) throws -> Tensor {
    try filter(
      x, to: output, padding, Planes(weight, .upright), MatrixOperation.transposed, bias: bias, execution)
  }

  /// The gradient of the input: the gradient of the output, filtered with kernels turned by 180 degrees.
  func inputGradient(_ dy: Tensor, weight: Tensor, _ execution: Execution) throws -> Tensor {
    try filter(
      dy, to: input, (2 - padding.top, 2 - padding.left), Planes(weight, .rotated), MatrixOperation.plain,
      bias: nil, execution)
  }

  /// Sets `row` `[O, 3, 3, C]` to the gradient of the weight for some images.
  ///
  /// - Parameters:
  ///   - x: `images` inputs of the convolution.
  ///   - dy: The gradients of their outputs.
  func weightGradient(
    images: Int, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ row: UnsafeMutablePointer<Float>
  ) throws {
    let (inputs, outputs) = (input[2], output[2])
    let tiling = Tiling(output)
    let chunk = tiling.chunk(images: images, channels: inputs + outputs)
    var seen = Planes(rows: chunk, columns: inputs)
    var gradients = Planes(rows: chunk, columns: outputs)
    var weights = Planes(rows: outputs, columns: inputs)
    for first in stride(from: 0, to: tiling.perImage * images, by: chunk) {
      let count = min(chunk, tiling.perImage * images - first)
      seen.withMutablePlanes { planes, stride in
        var tiles = tiling.tiles(first, count, of: input, padding, stride)
        aq_winograd_input(&tiles, x, planes)
      }
      gradients.withMutablePlanes { planes, stride in
        var tiles = tiling.tiles(first, count, of: output, (0, 0), stride)
        aq_winograd_output_adjoint(&tiles, dy, planes)
      }
      try weights.multiply(
        gradients, MatrixOperation.transposed, seen, MatrixOperation.plain, (outputs, inputs, count),
        beta: first > 0 ? 1 : 0)
    }
    weights.withPlanes { aq_winograd_weights_adjoint(outputs, inputs, $1, $0, row) }
  }

  /// Filters `source` `[N, …]` to images of a shape; `padding` is what the first output sees before the source.
  private func filter(
    _ source: Tensor, to image: Shape, _ padding: (top: Int, left: Int), _ weights: Planes,
    _ operation: CChar, bias: Tensor?, _ execution: Execution
  ) throws -> Tensor {
    let read = source.shape.droppingFirst
    let tiling = Tiling(image)
    var result = Tensor(uninitialized: image.batched(source.shape[0]))
    try source.forEachImageShard(writing: &result, execution) { images, x, y in
      let chunk = tiling.chunk(images: images, channels: read[2] + image[2])
      var seen = Planes(rows: chunk, columns: read[2])
      var products = Planes(rows: chunk, columns: image[2])
      for first in stride(from: 0, to: tiling.perImage * images, by: chunk) {
        let count = min(chunk, tiling.perImage * images - first)
        seen.withMutablePlanes { planes, stride in
          var tiles = tiling.tiles(first, count, of: read, padding, stride)
          aq_winograd_input(&tiles, x, planes)
        }
        try products.multiply(
          seen, MatrixOperation.plain, weights, operation, (count, image[2], read[2]), beta: 0)
        products.withPlanes { planes, stride in
          var tiles = tiling.tiles(first, count, of: image, (0, 0), stride)
          if let bias {
            bias.withValues { aq_winograd_output(&tiles, planes, $0.baseAddress, y) }
          } else {
            aq_winograd_output(&tiles, planes, nil, y)
          }
        }
      }
    }
    return result
  }
}

/// Tiles of 4x4 values over images `[h, w, C]`.
private struct Tiling {
  static let side = AQ_WINOGRAD_TILE
  let rows: Int
  let columns: Int

  init(_ image: Shape) {
    rows = (image[0] + Self.side - 1) / Self.side
    columns = (image[1] + Self.side - 1) / Self.side
  }

  var perImage: Int { rows * columns }

  /// Tiles to transform at a time: transformed values of about 2.4 MB, which stay in a cache, and at least 64 tiles,
  /// without which products of matrices are slow.
  func chunk(images: Int, channels: Int) -> Int {
    min(perImage * images, max(64, (600 << 10) / (channels * Planes.count)))
  }

  /// The C face's description of `count` tiles from number `first` on of images that begin `padding` inside them.
  func tiles(
    _ first: Int, _ count: Int, of image: Shape, _ padding: (top: Int, left: Int), _ plane: Int
  ) -> aq_winograd_tiles {
    aq_winograd_tiles(
      height: Int32(image[0]), width: Int32(image[1]), channels: Int32(image[2]), top: Int32(padding.top),
      left: Int32(padding.left), tile_rows: Int32(rows), tile_columns: Int32(columns),
      first_tile: Int32(first), tiles: Int32(count), plane: plane)
  }
}

/// A matrix `[rows, columns]` for each of the 36 points.
private struct Planes {
  static let count = AQ_WINOGRAD_POINTS
  private let columns: Int
  /// Values from one plane to the next: a cache line more than a plane has, lest all fall on the same cache set.
  private let stride: Int
  private var values: Tensor

  init(rows: Int, columns: Int) {
    self.columns = columns
    stride = rows * columns + 16
    values = Tensor(uninitialized: [Self.count, stride])
  }

  /// How kernels stand: as they are, or turned by 180 degrees.
  enum Orientation: Int32 { case upright = 0, rotated = 1 }

  /// Transforms weights `[O, 3, 3, C]`.
  init(_ weight: Tensor, _ orientation: Orientation) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[3])
    self.init(rows: outputs, columns: inputs)
    withMutablePlanes { planes, stride in
      weight.withValues {
        aq_winograd_weights(outputs, inputs, orientation.rawValue, $0.baseAddress, stride, planes)
      }
    }
  }

  /// Calls `body` with the first plane and the values from one to the next.
  func withPlanes(_ body: (UnsafePointer<Float>, Int) -> Void) {
    values.withValues { planes in
      if let base = planes.baseAddress { body(base, stride) }
    }
  }

  /// The same, to write.
  mutating func withMutablePlanes(_ body: (UnsafeMutablePointer<Float>, Int) -> Void) {
    values.withMutableValues { planes in
      if let base = planes.baseAddress { body(base, stride) }
    }
  }

  /// At every point the product of `[m, k]` and `[k, n]`, an operation on each operand before it, plus `beta` times the
  /// present value.
  mutating func multiply(
    _ a: Planes, _ aOperation: CChar, _ b: Planes, _ bOperation: CChar, _ extents: (m: Int, n: Int, k: Int),
    beta: Float
  ) throws {
    let rowLength = Int64(columns)
    var status: Int32 = 0
    withMutablePlanes { target, stride in
      a.withPlanes { left, leftStride in
        b.withPlanes { right, rightStride in
          for point in 0..<Self.count where status == 0 {
            status = aq_matmul(
              aOperation, bOperation, Int64(extents.m), Int64(extents.n), Int64(extents.k),
              left + point * leftStride, Int64(a.columns), right + point * rightStride, Int64(b.columns),
              beta, target + point * stride, rowLength)
          }
        }
      }
    }
    try checkOneDNN(status, "a matrix product")
  }
}
