import CKernels
import COneDNN
import Quantizers
import Tensors

/// Rounds the rows of one group of a layer column by column; each error moves to the columns not rounded yet.
///
/// With H = R R^T the loss of a row is `||(w - q) R||^2`. Column j takes the level nearest to the value that would cancel
/// the errors before it:
///
///     wanted[j] = w[j] + sum over k < j of (w[k] - q[k]) R[k, j] / R[j, j]
///
/// All rows share R; they are rounded in shards. A greedy choice can end above nearest rounding when a row has few columns
/// (depthwise kernels): each row is also rounded to nearest and keeps what has the smaller loss, so none ends worse. Source: Frantar et al. 2023 (GPTQ), algorithm 1; see `aq_round_columns`.
struct ColumnRounding {
  private let factor: HessianFactor
  private let levels: RoundingLevels
  private let layer: String
  /// For each column in the order of rounding, where its block ends.
  private let blockEnds: [UInt32]
  /// Runs of whole blocks whose errors move on in one matrix product.
  private let runs: [Range<Int>]

  init(_ factor: HessianFactor, _ levels: RoundingLevels, layer: String) {
    self.factor = factor
    self.levels = levels
    self.layer = layer
    var ends: [UInt32] = []
    for (position, column) in factor.order.enumerated() {
      ends.append(UInt32(position + levels.blockEnds[column] - column))
    }
    blockEnds = ends
    var runs: [Range<Int>] = []
    var start = 0
    while start < ends.count {
      var end = start
      while end < ends.count && end - start < 128 { end = Int(ends[end]) }
      runs.append(start..<end)
      start = end
    }
    self.runs = runs
  }

  /// Returns the rounded rows `range` of the weight matrix `[all rows, columns]`; `targets` are those rows' values.
  func rounded(_ targets: Tensor, rows range: Range<Int>, descent: RowDescent, execution: Execution) throws
    -> Tensor
  {
    let columns = factor.order.count
    let shards = Execution.shardCount(for: range.count, grain: 8)
    return try Tensor(targets.shape) { target in
      try targets.withValues { source in
        try execution.forEachShard(shards) { shard in
          let part = Execution.range(ofShard: shard, of: shards, count: range.count)
          var rows = RowBlock(
            part, of: source, firstRow: range.lowerBound, order: factor.order, setOf: levels.setOf)
          var nearest = rows
          try round(&rows)
          roundToNearest(&nearest)
          let losses = try descent.refine(&rows, levels, layer)
          let others = try descent.refine(&nearest, levels, layer)
          for row in 0..<rows.count where others[row] < losses[row] { rows.take(row, from: nearest) }
          for (row, r) in part.enumerated() {
            for (position, column) in factor.order.enumerated() {
              target[r * columns + column] = rows.rounded[row * columns + position]
            }
          }
        }
      }
    }
  }

  private func round(_ rows: inout RowBlock) throws {
    let columns = factor.order.count
    var carries = [Float](repeating: 0, count: rows.count * columns)
    var errors = [Float](repeating: 0, count: rows.count * (runs.map(\.count).max() ?? 0))
    for run in runs {
      let count = rows.count
      try carries.withUnsafeMutableBufferPointer { carries in
        try errors.withUnsafeMutableBufferPointer { errors in
          withProblem { problem in
            rows.withKernelRows(carries, errors) {
              aq_round_columns(problem, $0, run.lowerBound, run.upperBound)
            }
          }
          let rest = columns - run.upperBound
          guard rest > 0, let carries = carries.baseAddress else { return }
          let status = factor.unit.withValues { unit -> Int32 in
            guard let unit = unit.baseAddress else { return 0 }
            return aq_matmul(
              plain, plain, Int64(count), Int64(rest), Int64(run.count), errors.baseAddress, Int64(run.count),
              unit + run.lowerBound * columns + run.upperBound, Int64(columns), 1, carries + run.upperBound,
              Int64(columns))
          }
          try checkProduct(status, layer)
        }
      }
    }
  }

  /// Rounds every column, or block of columns, for itself.
  private func roundToNearest(_ rows: inout RowBlock) {
    let columns = factor.order.count
    var carries = [Float](repeating: 0, count: rows.count * columns)
    var errors = carries
    withProblem { problem in
      var alone = problem.pointee
      alone.unit = nil
      carries.withUnsafeMutableBufferPointer { carries in
        errors.withUnsafeMutableBufferPointer { errors in
          rows.withKernelRows(carries, errors) { aq_round_columns(&alone, $0, 0, columns) }
        }
      }
    }
  }

  private func withProblem(_ body: (UnsafePointer<aq_rounding_problem>) -> Void) {
    factor.unit.withValues { unit in
      factor.diagonal.withUnsafeBufferPointer { diagonal in
        levels.sets.withUnsafeBufferPointer { sets in
          levels.levels.withUnsafeBufferPointer { values in
            blockEnds.withUnsafeBufferPointer { ends in
              var problem = aq_rounding_problem(
                columns: factor.order.count, unit: unit.baseAddress, diagonal: diagonal.baseAddress,
                sets: sets.baseAddress, levels: values.baseAddress, choices: levels.choices,
                block_ends: ends.baseAddress)
              body(&problem)
            }
          }
        }
      }
    }
  }
}

/// Some rows of a weight with their columns in the order of rounding.
struct RowBlock {
  /// Rows.
  let count: Int
  /// `[count, columns]`.
  let targets: [Float]
  /// `[count, columns]`: the set of each value; after rounding the one its block chose.
  var setOf: [UInt32]
  /// `[count, columns]`.
  var rounded: [Float]

  init(
    _ rows: Range<Int>, of source: UnsafeBufferPointer<Float>, firstRow: Int, order: [Int], setOf: [UInt32]
  ) {
    let columns = order.count
    count = rows.count
    targets = rows.flatMap { row in order.map { source[row * columns + $0] } }
    self.setOf = rows.flatMap { row in order.map { setOf[(firstRow + row) * columns + $0] } }
    rounded = targets
  }

  /// Copies a row's result from another rounding of the same rows.
  mutating func take(_ row: Int, from other: RowBlock) {
    let columns = rounded.count / count
    let range = row * columns..<(row + 1) * columns
    rounded.replaceSubrange(range, with: other.rounded[range])
    setOf.replaceSubrange(range, with: other.setOf[range])
  }

  mutating func withKernelRows(
    _ carries: UnsafeMutableBufferPointer<Float>, _ errors: UnsafeMutableBufferPointer<Float>,
    _ body: (UnsafePointer<aq_rounding_rows>) -> Void
  ) {
    let (count, targets) = (count, targets)
    setOf.withUnsafeMutableBufferPointer { setOf in
      rounded.withUnsafeMutableBufferPointer { rounded in
        targets.withUnsafeBufferPointer { targets in
          var rows = aq_rounding_rows(
            rows: count, targets: targets.baseAddress, set_of: setOf.baseAddress,
            carries: carries.baseAddress,
            rounded: rounded.baseAddress, errors: errors.baseAddress)
          body(&rows)
        }
      }
    }
  }
}
