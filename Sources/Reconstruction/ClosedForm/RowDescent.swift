import CKernels
import COneDNN
import Quantizers
import Tensors

/// Coordinate descent after the last column: each value moves to the level that is best while all others stay.
///
/// The loss of no row rises. Source: Behdin et al. 2023 (QuantEase), algorithm 1.
struct RowDescent {
  /// At most so many passes over the columns.
  let limit: Int
  /// The damped Hessian in the order of rounding, `[columns, columns]`.
  let hessian: Tensor

  init(_ squares: UnsafeBufferPointer<Double>, _ factor: HessianFactor, limit: Int) {
    self.limit = limit
    hessian = factor.damped(squares, order: factor.order)
  }

  /// Lowers the loss of each row and returns what it is: `d H d^T`, `d = target - rounded`.
  func refine(_ rows: inout RowBlock, _ levels: RoundingLevels, _ layer: String) throws -> [Double] {
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
    return (0..<rows.count).map { row in
      var loss = 0.0
      for i in row * columns..<(row + 1) * columns {
        loss += Double(rows.targets[i] - rows.rounded[i]) * Double(gradient[i])
      }
      return loss
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
