import CKernels

extension Tensor {
  /// Returns `a + b`, `a - b`, `a * b` or `a / b` value by value; the shapes are equal.
  public static func elementwise(_ a: Tensor, _ symbol: Character, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "shapes \(a.shape) and \(b.shape) differ")
    return Tensor(a.shape) { target in
      a.withValues { a in
        b.withValues { b in
          switch symbol {
          case "+": aq_add(a.count, a.baseAddress, b.baseAddress, target.baseAddress)
          case "-": aq_subtract(a.count, a.baseAddress, b.baseAddress, target.baseAddress)
          case "*": aq_multiply(a.count, a.baseAddress, b.baseAddress, target.baseAddress)
          case "/": aq_divide(a.count, a.baseAddress, b.baseAddress, target.baseAddress)
          default: preconditionFailure("no operator \(symbol)")
          }
        }
      }
    }
  }

  /// Returns `scale * x + shift` value by value.
  public static func elementwise(_ x: Tensor, scale: Float, shift: Float) -> Tensor {
    Tensor(x.shape) { target in
      x.withValues { aq_scale_shift($0.count, scale, shift, $0.baseAddress, target.baseAddress) }
    }
  }

  /// The least and the largest value, NaN left out; `nil` when there is none.
  public var extremes: (low: Float, high: Float)? {
    withValues { values in
      var (low, high) = (Float.infinity, -Float.infinity)
      if let start = values.baseAddress { aq_extremes(values.count, start, &low, &high) }
      return low <= high ? (low, high) : nil
    }
  }
}
