import CKernels
import Tensors

/// The damped Hessian of one group of a layer as `H = R R^T`, R upper triangular, columns in the order of rounding.
///
///     H = X^ X^^T + damping mean(diagonal) I
///
/// Columns whose inputs are always 0 get a diagonal of 1 and no neighbours: their weights are rounded to nearest.
struct HessianFactor {
  /// The columns in the order of rounding.
  let order: [Int]
  /// `R[k, j] / R[j, j]`, `[columns, columns]`, zero below the diagonal.
  let unit: Tensor
  /// `R[j, j]`.
  let diagonal: [Float]
  /// L of the flipped Hessian: `R[i, j] = L[n - 1 - i, n - 1 - j]`.
  private let lower: [Double]
  /// What was added to the diagonal.
  let damping: Double

  /// Factors a group's Hessian.
  ///
  /// - Parameters:
  ///   - squares: `[columns, columns]`, upper triangle.
  ///   - blockEnds: Where the block of each column ends; blocks stay together.
  /// - Throws: ``ReconstructionError/invalid(_:)`` when a sum is not finite or no damping helps.
  init(
    _ squares: UnsafeBufferPointer<Double>, blockEnds: [Int], options: ClosedFormOptions, layer: String,
    execution: Execution
  ) throws {
    let n = blockEnds.count
    let diagonal = (0..<n).map { squares[$0 * n + $0] }
    guard diagonal.allSatisfy(\.isFinite) else {
      throw HessianFactor.notFinite(layer)
    }
    order = HessianFactor.order(diagonal, blockEnds, options.order)
    var added = options.damping * diagonal.reduce(0, +) / Double(max(1, n))
    var lower = [Double](repeating: 0, count: n * n)
    // More columns than patches leave a singular matrix; should rounding errors beat the damping, add more of it.
    while true {
      HessianFactor.flip(squares, order, diagonal, added, into: &lower)
      if try HessianFactor.factor(&lower, n, execution) { break }
      guard added < 1e3 * (diagonal.max() ?? 0) else {
        throw ReconstructionError.invalid(
          "the Hessian of layer '\(layer)' cannot be factored with \(added) added to its diagonal. Give other images."
        )
      }
      added = max(10 * added, .leastNormalMagnitude)
    }
    damping = added
    self.diagonal = (0..<n).map { Float(lower[(n - 1 - $0) * n + n - 1 - $0]) }
    unit = HessianFactor.unit(lower, n)
    self.lower = lower
  }

  /// What is said of sums that are not finite.
  static func notFinite(_ layer: String) -> ReconstructionError {
    .invalid(
      "inputs of layer '\(layer)' are not finite, or their squares overflow. Check the calibration images and the "
        + "weights of the layers before it.")
  }

  private static func order(_ diagonal: [Double], _ blockEnds: [Int], _ order: ColumnOrder) -> [Int] {
    guard order == .fallingDiagonal else { return Array(diagonal.indices) }
    var blocks: [(range: Range<Int>, mean: Double)] = []
    var start = 0
    while start < diagonal.count {
      let range = start..<blockEnds[start]
      blocks.append((range, diagonal[range].reduce(0, +) / Double(range.count)))
      start = range.upperBound
    }
    // Swift's sort is stable, so equal blocks keep their order.
    return blocks.sorted { $0.mean > $1.mean }.flatMap(\.range)
  }

  /// Writes the lower triangle of the damped Hessian with rows and columns in reverse order.
  private static func flip(
    _ squares: UnsafeBufferPointer<Double>, _ order: [Int], _ diagonal: [Double], _ added: Double,
    into lower: inout [Double]
  ) {
    let n = order.count
    lower.withUnsafeMutableBufferPointer { lower in
      for i in 0..<n {
        let row = order[n - 1 - i]
        for j in 0..<i {
          let column = order[n - 1 - j]
          lower[i * n + j] = squares[min(row, column) * n + max(row, column)]
        }
        lower[i * n + i] = diagonal[row] > 0 ? diagonal[row] + added : 1
      }
    }
  }

  /// Factors in place; `false` when the matrix is not positive definite.
  private static func factor(_ values: inout [Double], _ n: Int, _ execution: Execution) throws -> Bool {
    let width = Int(AQ_CHOLESKY_WIDTH)
    var panel = [Double](repeating: 0, count: width * n)
    return try values.withUnsafeMutableBufferPointer { values in
      try panel.withUnsafeMutableBufferPointer { panel in
        for first in stride(from: 0, to: n, by: width) {
          var step = aq_cholesky_step(
            values: values.baseAddress, size: n, first: first, panel: panel.baseAddress)
          guard aq_cholesky_panel(&step) == 0 else { return false }
          let below = max(0, n - first - width)
          let shards = Execution.shardCount(for: below, grain: 64, limit: 32)
          try execution.forEachShard(shards) { shard in
            var step = step
            let rows = Execution.range(ofShard: shard, of: shards, count: below)
            aq_cholesky_update(&step, first + width + rows.lowerBound, first + width + rows.upperBound)
          }
        }
        return true
      }
    }
  }

  private static func unit(_ lower: [Double], _ n: Int) -> Tensor {
    Tensor([n, n]) { target in
      lower.withUnsafeBufferPointer { lower in
        for k in 0..<n {
          for j in 0..<n {
            let (row, column) = (n - 1 - k, n - 1 - j)
            target[k * n + j] = j < k ? 0 : Float(lower[row * n + column] / lower[column * n + column])
          }
        }
      }
    }
  }

  /// Returns the damped Hessian with its columns in an order; 0 where inputs are always 0.
  func damped(_ squares: UnsafeBufferPointer<Double>, order: [Int]) -> Tensor {
    let n = order.count
    return Tensor([n, n]) { target in
      for (i, row) in order.enumerated() {
        for (j, column) in order.enumerated() {
          let sum = squares[min(row, column) * n + max(row, column)]
          target[i * n + j] = Float(i == j && sum > 0 ? sum + damping : sum)
        }
      }
    }
  }

  /// Returns `v H^-1` for every row of `v`, columns in memory order before and after.
  func solved(_ v: Tensor, execution: Execution) throws -> Tensor {
    let n = order.count
    let shards = Execution.shardCount(for: v.shape[0], grain: 4)
    return try Tensor(v.shape) { target in
      try v.withValues { source in
        try execution.forEachShard(shards) { shard in
          var x = [Double](repeating: 0, count: n)
          for row in Execution.range(ofShard: shard, of: shards, count: v.shape[0]) {
            for i in 0..<n { x[i] = Double(source[row * n + order[n - 1 - i]]) }
            aq_cholesky_solve(lower, n, &x)
            for i in 0..<n { target[row * n + order[n - 1 - i]] = Float(x[i]) }
          }
        }
      }
    }
  }
}
