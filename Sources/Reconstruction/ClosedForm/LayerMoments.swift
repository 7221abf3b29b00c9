import CKernels
import COneDNN
import Layers
import Tensors

/// Sums of products over a layer's patches on calibration images, for each group.
///
///     squares = X^ X^^T            the layer's Hessian without its factor of 2; only the upper triangle is computed
///     gap     = (W X - W X^) X^^T  what the layer's output lost by its inputs, when asked for
///
/// X^ are the inputs of the quantized network, X those of the FP32 network. Products of a run of patches are FP32
/// (oneDNN), their sums double. Every entry is summed by one shard in the order of the patches, so the number of threads
/// does not matter.
struct LayerMoments {
  /// The layer.
  let layer: ProductLayer
  /// Every how many-th patch counts.
  let step: Int
  /// `[groups, columns, columns]`.
  private(set) var squares: [Double]
  /// `[groups, rows, columns]`, or empty.
  private(set) var gap: [Double]

  /// Prepares the sums over the patches of `imageCount` images, of which at most `limit` count.
  init(_ layer: ProductLayer, imageCount: Int, limit: Int, countsGap: Bool) {
    self.layer = layer
    let stride = (imageCount * layer.positions + limit - 1) / limit
    // Odd, so that it does not fall into step with the rows of an image, which are mostly even.
    step = stride > 1 ? stride | 1 : 1
    squares = [Double](repeating: 0, count: layer.groups * layer.columns * layer.columns)
    gap = [Double](repeating: 0, count: countsGap ? layer.groups * layer.rows * layer.columns : 0)
  }

  /// Adds a sub-batch of inputs and, when the gap is counted, what the layer's FP32 outputs differ by, `[N, …]`.
  mutating func add(_ x: Tensor, outputGap: Tensor?, execution: Execution) throws {
    let total = (x.shape[0] * layer.positions + step - 1) / step
    // About a million values: large enough for oneDNN, small enough to stay near the caches.
    let run = max(256, (1 << 20) / max(1, layer.depth))
    for start in stride(from: 0, to: total, by: run) {
      let range = start..<min(total, start + run)
      let patches = try layer.patches(of: x, range, step: step, execution: execution)
      try patches.withValues { patches in
        guard let patches = patches.baseAddress else { return }
        let inputs = Operand(values: patches, stride: layer.depth, width: layer.columns)
        try add(inputs, inputs, count: range.count, to: \.squares, isSymmetric: true, execution)
        try outputGap?.withValues { gap in
          guard let gap = gap.baseAddress else { return }
          let filters = layer.groups * layer.rows
          let outputs = Operand(
            values: gap + start * step * filters, stride: step * filters, width: layer.rows)
          try add(outputs, inputs, count: range.count, to: \.gap, isSymmetric: false, execution)
        }
      }
    }
  }

  /// A matrix of patches or outputs, `groups * width` values a row.
  private struct Operand {
    let values: UnsafePointer<Float>
    let stride: Int
    let width: Int
  }

  /// Columns of a product that one shard computes.
  private static let panelWidth = 64

  /// `sums[g] += a[:, g]^T b[:, g]`, of symmetric products only the panels down to the diagonal.
  private mutating func add(
    _ a: Operand, _ b: Operand, count: Int, to sums: WritableKeyPath<LayerMoments, [Double]>,
    isSymmetric: Bool, _ execution: Execution
  ) throws {
    let name = layer.name
    let groups = layer.groups
    let panels = (b.width + Self.panelWidth - 1) / Self.panelWidth
    try self[keyPath: sums].withUnsafeMutableBufferPointer { sums in
      try execution.forEachShard(groups * panels) { shard in
        guard let sums = sums.baseAddress else { return }
        let (group, panel) = shard.quotientAndRemainder(dividingBy: panels)
        let first = panel * Self.panelWidth
        let width = min(b.width - first, Self.panelWidth)
        let rows = isSymmetric ? first + width : a.width
        let product = try Tensor([rows, width]) { target in
          try checkProduct(
            aq_matmul(
              transposed, plain, Int64(rows), Int64(width), Int64(count), a.values + group * a.width,
              Int64(a.stride), b.values + group * b.width + first, Int64(b.stride), 0, target.baseAddress,
              Int64(width)), name)
        }
        product.withValues {
          aq_accumulate_f64(
            rows, width, $0.baseAddress, sums + group * a.width * b.width + first, b.width)
        }
      }
    }
  }
}

/// `N` and `T` as oneDNN spells them.
let plain = CChar(bitPattern: UInt8(ascii: "N"))
let transposed = CChar(bitPattern: UInt8(ascii: "T"))

/// A status of oneDNN that is not 0 becomes an error that names the layer.
func checkProduct(_ status: Int32, _ layer: String) throws(ReconstructionError) {
  guard status != 0 else { return }
  throw .invalid(
    "oneDNN \(String(cString: aq_onednn_version())) refused a matrix product of layer '\(layer)': status \(status). "
      + "Give fewer images or a smaller batch.")
}
