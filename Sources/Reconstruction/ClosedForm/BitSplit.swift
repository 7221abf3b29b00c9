import CKernels
import Quantizers
import Tensors

/// Rounds rows to integers of ternary digits times a scale of their own, digit plane by digit plane.
///
///     q = alpha z,  z = sum over i of 2^i B_i,  B_i in {-1, 0, 1},  i = 0 ... bits - 2
///     loss = (w - q) H (w - q)^T
///
/// From rounding to nearest with the alternating best scale; then each plane by coordinate descent while the others stay,
/// and `alpha = w H z / z H z`, until nothing changes. The loss never rises.
/// Source: Wang et al. 2020, section 3.
struct BitSplit {
  /// 2...8.
  let bits: Int
  /// At most this many passes over the planes.
  let passes: Int

  /// The largest integer: `2^(bits - 1) - 1`.
  var top: Int { (1 << (bits - 1)) - 1 }

  /// Returns scale and integers of one row.
  ///
  /// - Parameters:
  ///   - row: The weights.
  ///   - hessian: `[columns, columns]`, symmetric.
  func split(_ row: [Float], hessian: UnsafePointer<Float>) -> (scale: Float, codes: [Float]) {
    var (alpha, codes) = start(row)
    var digits = self.digits(codes)
    let target = product(row, hessian)
    var gradient = product(codes, hessian)
    for _ in 0..<passes {
      var changed = 0
      for plane in (0..<bits - 1).reversed() {
        changed += sweep(plane, alpha, target, hessian, &digits, &gradient)
      }
      codes = stitched(digits, columns: row.count)
      let curvature = dot(gradient, codes)
      let fit = dot(target, codes)
      guard curvature > 0, fit > 0 else { break }
      let better = Float(fit / curvature)
      if changed == 0 && abs(better - alpha) <= 1e-6 * alpha { break }
      alpha = better
    }
    return (max(alpha, BitSplit.smallestScale), codes)
  }

  private static let smallestScale: Float = 1e-8

  /// Rounds to nearest and fits the scale in turn, without the Hessian.
  private func start(_ row: [Float]) -> (alpha: Float, codes: [Float]) {
    let largest = row.reduce(0) { max($0, abs($1)) }
    var alpha = max(largest / Float(top), BitSplit.smallestScale)
    var codes = [Float](repeating: 0, count: row.count)
    for _ in 0..<20 {
      let limit = Float(top)
      codes = row.map { min(limit, max(-limit, ($0 / alpha).rounded(.toNearestOrEven))) }
      let norm = dot(codes, codes)
      guard norm > 0 else { break }
      let better = max(Float(dot(row, codes) / norm), BitSplit.smallestScale)
      if better == alpha { break }
      alpha = better
    }
    return (alpha, codes)
  }

  private func digits(_ codes: [Float]) -> [Float] {
    (0..<bits - 1).flatMap { plane in
      codes.map { code in
        Int(abs(code)) >> plane & 1 == 0 ? 0 : (code > 0 ? 1 : -1)
      }
    }
  }

  private func stitched(_ digits: [Float], columns: Int) -> [Float] {
    (0..<columns).map { column in
      (0..<bits - 1).reduce(0) { $0 + Float(1 << $1) * digits[$1 * columns + column] }
    }
  }

  private func sweep(
    _ plane: Int, _ alpha: Float, _ target: [Float], _ hessian: UnsafePointer<Float>, _ digits: inout [Float],
    _ gradient: inout [Float]
  ) -> Int {
    let columns = target.count
    return digits.withUnsafeMutableBufferPointer { digits in
      gradient.withUnsafeMutableBufferPointer { gradient in
        target.withUnsafeBufferPointer { target in
          var row = aq_bit_split(
            columns: columns, hessian: hessian, target: target.baseAddress, planes: bits - 1,
            digits: digits.baseAddress, product: gradient.baseAddress)
          return aq_bit_split_sweep(&row, plane, alpha)
        }
      }
    }
  }

  private func product(_ row: [Float], _ hessian: UnsafePointer<Float>) -> [Float] {
    var result = [Float](repeating: 0, count: row.count)
    aq_vector_matrix(row.count, row, hessian, &result)
    return result
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}
