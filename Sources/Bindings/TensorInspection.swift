import Reporting
import Tensors

/// What the REPL prints of a tensor: shape, statistics, a corner of the values.
enum TensorInspection {
  private static let (rowLimit, columnLimit) = (4, 6)

  static func text(_ tensor: Tensor) -> String {
    let head = "Tensor \(tensor.shape), FP32, \(Decimal.bytes(tensor.storage.byteCount))"
    guard tensor.count > 0 else { return head }
    return "\(head): \(statistics(tensor))\n\(corner(tensor))"
  }

  private static func statistics(_ tensor: Tensor) -> String {
    var (low, high, sum, zeros, unusual) = (Float.infinity, -Float.infinity, 0.0, 0, 0)
    tensor.withValues { values in
      for value in values where value.isFinite {
        (low, high) = (min(low, value), max(high, value))
        sum += Double(value)
        if value == 0 { zeros += 1 }
      }
      unusual = values.reduce(0) { $0 + ($1.isFinite ? 0 : 1) }
    }
    let finite = tensor.count - unusual
    let ordinary =
      "min \(shown(low)), max \(shown(high)), mean \(Decimal.significant(sum / Double(max(1, finite)), digits: 4)), "
      + "zeros \(Decimal.fixed(100 * Double(zeros) / Double(max(1, finite)), decimals: 1)) %"
    let remark = unusual == 0 ? "" : "\(unusual) NaN or infinite"
    return finite == 0 ? remark : remark.isEmpty ? ordinary : "\(ordinary); \(remark)"
  }

  /// The first rows and columns of the last two dimensions, at the first index of the others.
  private static func corner(_ tensor: Tensor) -> String {
    let extents = tensor.shape.dimensions
    let columns = extents.last ?? 1
    let rows = extents.count > 1 ? extents[extents.count - 2] : 1
    let cells = (0..<min(rows, rowLimit)).map { row in
      (0..<min(columns, columnLimit)).map { shown(tensor[row * columns + $0]) }
    }
    let width = cells.joined().map(\.count).max() ?? 0
    let lines = cells.map { row in
      let padded = row.map { String(repeating: " ", count: width - $0.count) + $0 }
      return "  " + padded.joined(separator: "  ") + (columns > columnLimit ? "  …" : "")
    }
    let outer = extents.dropLast(2)
    let place = outer.isEmpty ? [] : ["  at \(outer.map { _ in "1" }.joined(separator: ", ")), …:"]
    return (place + lines + (rows > rowLimit ? ["  …"] : [])).joined(separator: "\n")
  }

  private static func shown(_ value: Float) -> String { Decimal.significant(Double(value), digits: 4) }
}
