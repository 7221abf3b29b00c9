import CKernels
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Owns one 64-byte aligned block of FP32 values, so that every SIMD load of a kernel is aligned.
///
/// Shared between tensors that have the same contents (a reshape, a copy before its first write).
public final class Storage: @unchecked Sendable {
  /// The number of FP32 values.
  public let count: Int
  let pointer: UnsafeMutablePointer<Float>

  /// Allocates `count` values without setting them.
  public init(uninitializedCount count: Int) {
    self.count = count
    let byteCount = max(64, (count * MemoryLayout<Float>.stride + 63) & ~63)
    guard let raw = aligned_alloc(64, byteCount) else {
      preconditionFailure("out of memory: could not allocate \(byteCount) bytes for a tensor")
    }
    pointer = raw.bindMemory(to: Float.self, capacity: byteCount / MemoryLayout<Float>.stride)
  }

  deinit { free(pointer) }

  /// Size of the values in bytes.
  public var byteCount: Int { count * MemoryLayout<Float>.stride }

  /// Makes the process keep freed blocks for the next tensor; page faults otherwise cost more than the work on them.
  public static func keepFreedBlocks() { aq_keep_freed_blocks() }
}
