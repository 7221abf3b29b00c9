import CKernels
import COneDNN
import Layers
import Tensors

/// Sums of products of a layer's patches over calibration images, for each group.
///
///     squares  = X^ X^^T    the layer's Hessian without its factor of 2; only the upper triangle is computed
///     products = X X^^T     FP32 inputs X with the quantized network's X^, when asked for
///
/// Products of a run of patches are FP32 (oneDNN), their sums double. Every entry is summed by one shard in the order of
/// the patches, so the number of threads does not matter.
struct LayerMoments {
  /// The layer.
  let layer: ProductLayer
  /// `[groups, columns, columns]`.
  private(set) var squares: [Double]
  /// `[groups, columns, columns]`, or empty.
  private(set) var products: [Double]
  /// Patches summed so far.
  private(set) var count = 0

  init(_ layer: ProductLayer, countsProducts: Bool) {
    self.layer = layer
    let size = layer.groups * layer.columns * layer.columns
    squares = [Double](repeating: 0, count: size)
    products = countsProducts ? squares : []
  }

  /// Adds a sub-batch of inputs and, when products are counted, the FP32 network's inputs for the same images.
  mutating func add(_ x: Tensor, floatingPoint: Tensor?, execution: Execution) throws {
    let total = x.shape[0] * layer.positions
    // About a million values: large enough for oneDNN, small enough to stay near the caches.
    let run = max(256, (1 << 20) / max(1, layer.depth))
    for start in stride(from: 0, to: total, by: run) {
      let range = start..<min(total, start + run)
      let patches = try layer.patches(of: x, positions: range, execution: execution)
      try LayerMoments.add(patches, patches, to: &squares, layer, isSymmetric: true, execution)
      if let floatingPoint, !products.isEmpty {
        let exact = try layer.patches(of: floatingPoint, positions: range, execution: execution)
        try LayerMoments.add(exact, patches, to: &products, layer, isSymmetric: false, execution)
      }
    }
    count += total
  }

  /// Columns of a product that one shard computes.
  private static let panelWidth = 64

  /// `sums[g] += a[:, g]^T b[:, g]`, of symmetric products only the panels down to the diagonal.
  private static func add(
    _ a: Tensor, _ b: Tensor, to sums: inout [Double], _ layer: ProductLayer, isSymmetric: Bool,
    _ execution: Execution
  ) throws {
    let (columns, depth, count) = (layer.columns, Int64(layer.depth), Int64(a.shape[0]))
    let panels = (columns + panelWidth - 1) / panelWidth
    try sums.withUnsafeMutableBufferPointer { sums in
      try a.withValues { a in
        try b.withValues { b in
          try execution.forEachShard(layer.groups * panels) { shard in
            guard let a = a.baseAddress, let b = b.baseAddress, let sums = sums.baseAddress else { return }
            let (group, panel) = shard.quotientAndRemainder(dividingBy: panels)
            let first = panel * panelWidth
            let width = min(columns - first, panelWidth)
            let rows = isSymmetric ? first + width : columns
            let offset = group * columns
            let product = try Tensor([rows, width]) { target in
              try checkProduct(
                aq_matmul(
                  transposed, plain, Int64(rows), Int64(width), count, a + offset, depth, b + offset + first,
                  depth, 0, target.baseAddress, Int64(width)), layer.name)
            }
            product.withValues {
              aq_accumulate_f64(
                rows, width, $0.baseAddress, sums + (offset * columns + first), columns)
            }
          }
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
