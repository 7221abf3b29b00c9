import CKernels
import Tensors

/// Cuts element-wise work into shards; the cut does not change any value.
extension Execution {
  /// Calls `body` with consecutive ranges that cover `0 ..< count`.
  func forEachRange(_ count: Int, grain: Int = 1 << 15, _ body: (Range<Int>) throws -> Void) throws {
    let shards = Execution.shardCount(for: count, grain: grain)
    try forEachShard(shards) { try body(Execution.range(ofShard: $0, of: shards, count: count)) }
  }
}

extension Tensor {
  /// Returns `kernel(n, self, result)` over shards.
  func mapped(
    _ execution: Execution, _ kernel: (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    var result = Tensor(uninitialized: shape)
    try result.fill(execution) { target, range in
      withValues { source in
        if let x = source.baseAddress { kernel(range.count, x + range.lowerBound, target) }
      }
    }
    return result
  }

  /// Returns `kernel(n, self, other, result)` over shards; the result takes this tensor's memory when nobody else has it.
  consuming func combined(
    with other: Tensor, _ execution: Execution,
    _ kernel: (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Tensor {
    var own = consume self
    guard own.isUnique else {
      // One pass that reads the shared values, not a copy and a pass.
      var result = Tensor(uninitialized: own.shape)
      try own.withValues { (values: UnsafeBufferPointer<Float>) throws(any Error) in
        try result.fill(execution) { target, range in
          other.withValues { source in
            guard let a = values.baseAddress, let b = source.baseAddress else { return }
            kernel(range.count, a + range.lowerBound, b + range.lowerBound, target)
          }
        }
      }
      return result
    }
    try own.fill(execution) { target, range in
      other.withValues { source in
        if let b = source.baseAddress { kernel(range.count, target, b + range.lowerBound, target) }
      }
    }
    return own
  }

  /// Calls `body` with the memory of consecutive ranges.
  mutating func fill(
    _ execution: Execution, _ body: (UnsafeMutablePointer<Float>, Range<Int>) throws -> Void
  ) throws {
    try withMutableValues { (values: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      guard let base = values.baseAddress, !values.isEmpty else { return }
      let memory = SharedPointer(base)
      try execution.forEachRange(values.count) { try body(memory.base + $0.lowerBound, $0) }
    }
  }

  /// Returns the sum of two tensors of one shape.
  consuming func adding(_ other: Tensor, _ execution: Execution) throws -> Tensor {
    try combined(with: other, execution) { aq_add($0, $1, $2, $3) }
  }
}

/// A pointer that shards share; each writes a range of its own.
struct SharedPointer<Value>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Value>
  init(_ base: UnsafeMutablePointer<Value>) { self.base = base }
}
