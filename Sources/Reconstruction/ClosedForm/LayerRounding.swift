import CKernels
import COneDNN
import Quantizers
import Tensors

/// Rounds the weight of one layer.
struct LayerRounding {
  private let task: RoundingTask
  private let options: ClosedFormOptions
  private let execution: Execution
  private let levels: RoundingLevels

  init(_ task: RoundingTask, options: ClosedFormOptions, execution: Execution) throws {
    self.task = task
    self.options = options
    self.execution = execution
    levels = try task.grid.roundingLevels(of: task.weight.shape)
  }

  func rounded() throws -> (weight: Tensor, grid: (any QuantizationGrid)?) {
    let layer = task.layer
    // Groups in parallel when there are several, else the rows of the only one.
    let inner = layer.groups > 1 ? Execution(threads: 1, cancellation: execution.cancellation) : execution
    let size = layer.rows * layer.columns
    let weight = try Tensor(task.weight.shape) { target in
      try execution.forEachShard(layer.groups) { group in
        let rows = try rounded(group: group, inner)
        _ = rows.withValues { target[group * size..<(group + 1) * size].update(fromContentsOf: $0) }
      }
    }
    return (weight, nil)
  }

  private func rounded(group: Int, _ execution: Execution) throws -> Tensor {
    let layer = task.layer
    let size = layer.columns * layer.columns
    let range = group * layer.rows..<(group + 1) * layer.rows
    let weights = layer.matrix(task.weight).rows(range)
    return try task.moments.squares.withUnsafeBufferPointer { all in
      let squares = UnsafeBufferPointer(rebasing: all[group * size..<(group + 1) * size])
      let factor = try HessianFactor(
        squares, blockEnds: levels.blockEnds, options: options, layer: layer.name, execution: execution)
      let targets =
        task.moments.products.isEmpty
        ? weights : try corrected(weights, factor, squares, group, execution)
      return try ColumnRounding(factor, levels, layer: layer.name).rounded(
        targets, rows: range, descent: RowDescent(squares, factor, limit: options.sweeps), execution: execution)
    }
  }

  /// The weights that come nearest to the FP32 output with the quantized inputs: `W + W (X X^^T - X^ X^^T) H^-1`.
  ///
  /// The damping in H draws the solution towards W. Source: Li et al. 2025 (GPTAQ), eq. 6.
  private func corrected(
    _ weights: Tensor, _ factor: HessianFactor, _ squares: UnsafeBufferPointer<Double>, _ group: Int,
    _ execution: Execution
  ) throws -> Tensor {
    let n = task.layer.columns
    let shift = task.moments.products.withUnsafeBufferPointer { products in
      Tensor([n, n]) { target in
        for i in 0..<n {
          for j in 0..<n {
            target[i * n + j] = Float(
              products[(group * n + i) * n + j] - squares[min(i, j) * n + max(i, j)])
          }
        }
      }
    }
    let (rows, columns) = (Int64(task.layer.rows), Int64(n))
    let product = try Tensor(weights.shape) { target in
      try checkProduct(
        weights.withValues { w in
          shift.withValues {
            aq_matmul(
              plain, plain, rows, columns, columns, w.baseAddress, columns, $0.baseAddress, columns, 0,
              target.baseAddress, columns)
          }
        }, task.layer.name)
    }
    return .elementwise(weights, "+", try factor.solved(product, execution: execution))
  }
}
