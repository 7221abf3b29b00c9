import Quantizers
import Tensors

/// One group of a layer to be rounded.
struct GroupProblem {
  /// The layer's name.
  let layer: String
  /// The group's rows in the layer's weight.
  let rows: Range<Int>
  /// `X^ X^^T`, `[columns, columns]`, upper triangle.
  let squares: UnsafeBufferPointer<Double>
  /// The damped Hessian's factor.
  let factor: HessianFactor
  /// The weights whose output is to be matched, `[rows, columns]`.
  let targets: Tensor
}

/// Rounds the weight of one layer, group by group.
struct LayerRounding {
  let task: RoundingTask
  let options: ClosedFormOptions
  let execution: Execution
  let levels: RoundingLevels

  init(_ task: RoundingTask, options: ClosedFormOptions, execution: Execution) throws {
    self.task = task
    self.options = options
    self.execution = execution
    levels = try task.grid.roundingLevels(of: task.weight.shape)
  }

  /// Returns the weight rounded column by column onto its grid.
  func rounded() throws -> Tensor {
    try eachGroup { problem, execution in
      let descent = RowDescent(problem.squares, problem.factor, limit: options.sweeps)
      return try ColumnRounding(problem.factor, levels, layer: problem.layer).rounded(
        problem.targets, rows: problem.rows, descent: descent, execution: execution)
    }
  }

  /// Returns the weight made of what `round` gives for each group, `[rows, columns]`.
  func eachGroup(_ round: (GroupProblem, Execution) throws -> Tensor) throws -> Tensor {
    let layer = task.layer
    // Groups in parallel when there are several, else the rows of the only one.
    let inner = layer.groups > 1 ? Execution(threads: 1, cancellation: execution.cancellation) : execution
    let size = layer.rows * layer.columns
    return try Tensor(task.weight.shape) { target in
      try execution.forEachShard(layer.groups) { group in
        let rows = try withProblem(group, inner) { try round($0, inner) }
        rows.withValues { rows in
          for index in 0..<size { target[group * size + index] = rows[index] }
        }
      }
    }
  }

  private func withProblem(
    _ group: Int, _ execution: Execution, _ body: (GroupProblem) throws -> Tensor
  ) throws -> Tensor {
    let layer = task.layer
    let size = layer.columns * layer.columns
    let rows = group * layer.rows..<(group + 1) * layer.rows
    let weights = task.weight.reshaped([layer.groups * layer.rows, layer.columns]).rows(rows)
    return try task.moments.squares.withUnsafeBufferPointer { all in
      let squares = UnsafeBufferPointer(rebasing: all[group * size..<(group + 1) * size])
      let factor = try HessianFactor(
        squares, blockEnds: levels.blockEnds, options: options, layer: layer.name, execution: execution)
      let targets =
        task.moments.gap.isEmpty ? weights : try corrected(weights, factor, rows: rows, execution)
      return try body(
        GroupProblem(layer: layer.name, rows: rows, squares: squares, factor: factor, targets: targets))
    }
  }

  /// The weights that come nearest to the FP32 output with the quantized inputs: `W + (W X - W X^) X^^T H^-1`.
  ///
  /// The damping in H draws the solution towards W. Source: Li et al. 2025 (GPTAQ).
  private func corrected(
    _ weights: Tensor, _ factor: HessianFactor, rows: Range<Int>, _ execution: Execution
  ) throws -> Tensor {
    let columns = task.layer.columns
    guard task.moments.gap.allSatisfy(\.isFinite) else { throw HessianFactor.notFinite(task.layer.name) }
    let gap = Tensor(
      weights.shape,
      task.moments.gap[rows.lowerBound * columns..<rows.upperBound * columns].map { Float($0) })
    return .elementwise(weights, "+", try factor.solved(gap, execution: execution))
  }
}
