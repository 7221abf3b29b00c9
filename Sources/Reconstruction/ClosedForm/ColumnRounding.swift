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
/// All rows share R; they are rounded in shards. Source: Frantar et al. 2023 (GPTQ), algorithm 1; see `aq_round_columns`.
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
  func rounded(_ targets: Tensor, rows range: Range<Int>, sweeps: Sweeps?, execution: Execution) throws
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
          try round(&rows)
          if let sweeps { try sweeps.refine(&rows, levels, layer) }
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
            rows.withKernelRows(carries, errors) { aq_round_columns(problem, $0, run.lowerBound, run.upperBound) }
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

  mutating func withKernelRows(
    _ carries: UnsafeMutableBufferPointer<Float>, _ errors: UnsafeMutableBufferPointer<Float>,
    _ body: (UnsafePointer<aq_rounding_rows>) -> Void
  ) {
    let (count, targets) = (count, targets)
    setOf.withUnsafeMutableBufferPointer { setOf in
      rounded.withUnsafeMutableBufferPointer { rounded in
        targets.withUnsafeBufferPointer { targets in
          var rows = aq_rounding_rows(
            rows: count, targets: targets.baseAddress, set_of: setOf.baseAddress, carries: carries.baseAddress,
            rounded: rounded.baseAddress, errors: errors.baseAddress)
          body(&rows)
        }
      }
    }
  }
}

/// Coordinate descent after the last column: each value moves to the level that is best while all others stay.
///
/// The loss of no row rises. Source: Behdin et al. 2023 (QuantEase), algorithm 1.
struct Sweeps {
  /// At most this many passes over the columns.
  let limit: Int
  /// The damped Hessian in the order of rounding, `[columns, columns]`.
  let hessian: Tensor

  init?(_ squares: UnsafeBufferPointer<Double>, _ factor: HessianFactor, limit: Int) {
    guard limit > 0 else { return nil }
    self.limit = limit
    let order = factor.order
    let n = order.count
    hessian = Tensor([n, n]) { target in
      for (i, row) in order.enumerated() {
        for (j, column) in order.enumerated() {
          let sum = squares[min(row, column) * n + max(row, column)]
          target[i * n + j] = Float(i == j && sum > 0 ? sum + factor.damping : sum)
        }
      }
    }
  }

  func refine(_ rows: inout RowBlock, _ levels: RoundingLevels, _ layer: String) throws {
    let columns = hessian.shape[0]
    let errors = zip(rows.targets, rows.rounded).map { $0 - $1 }
    var gradient = [Float](repeating: 0, count: errors.count)
    try hessian.withValues { hessian in
      try checkProduct(
        aq_matmul(
          plain, plain, Int64(rows.count), Int64(columns), Int64(columns), errors, Int64(columns),
          hessian.baseAddress, Int64(columns), 0, &gradient, Int64(columns)), layer)
      var problem = aq_descent_problem(
        columns: columns, hessian: hessian.baseAddress, sets: nil, levels: nil)
      levels.sets.withUnsafeBufferPointer { sets in
        levels.levels.withUnsafeBufferPointer { values in
          problem.sets = sets.baseAddress
          problem.levels = values.baseAddress
          for row in 0..<rows.count { descend(row, &problem, &rows, &gradient) }
        }
      }
    }
  }

  private func descend(
    _ row: Int, _ problem: inout aq_descent_problem, _ rows: inout RowBlock, _ gradient: inout [Float]
  ) {
    let start = row * problem.columns
    rows.setOf.withUnsafeBufferPointer { setOf in
      rows.rounded.withUnsafeMutableBufferPointer { rounded in
        gradient.withUnsafeMutableBufferPointer { gradient in
          guard let setOf = setOf.baseAddress, let rounded = rounded.baseAddress,
            let gradient = gradient.baseAddress
          else { return }
          for _ in 0..<limit {
            let changed = aq_descend_row(&problem, setOf + start, rounded + start, gradient + start)
            if changed == 0 { break }
          }
        }
      }
    }
  }
}
