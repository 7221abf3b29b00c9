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
  private let block: UnsafeMutableRawPointer

  /// Allocates `count` values without setting them.
  public init(uninitializedCount count: Int) {
    self.count = count
    // Aligned by hand: glibc's aligned_alloc (before 2.38) does not find its own freed blocks again, and the heap grows.
    let byteCount = count * MemoryLayout<Float>.stride + 2 * Self.alignment
    guard let block = malloc(byteCount) else {
      preconditionFailure("out of memory: could not allocate \(byteCount) bytes for a tensor")
    }
    self.block = block
    let aligned = (UInt(bitPattern: block) + UInt(Self.alignment) - 1) & ~UInt(Self.alignment - 1)
    let start = block + Int(aligned - UInt(bitPattern: block))
    pointer = start.bindMemory(to: Float.self, capacity: count + Self.alignment / MemoryLayout<Float>.stride)
  }

  /// Bytes; the width of a cache line and of an AVX-512 register.
  private static let alignment = 64

  deinit { free(block) }

  /// Size of the values in bytes.
  public var byteCount: Int { count * MemoryLayout<Float>.stride }

  /// Makes the process keep freed blocks for the next tensor; page faults otherwise cost more than the work on them.
  public static func keepFreedBlocks() { aq_keep_freed_blocks() }
}
