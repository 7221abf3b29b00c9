#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A 64-byte aligned block of memory that kernels read and write: packed weights, or the scratch of one shard.
final class AlignedBytes: @unchecked Sendable {
  let count: Int
  let start: UnsafeMutableRawPointer

  /// Allocates zeroed bytes.
  init(count: Int) {
    let rounded = max(64, (count + 63) & ~63)
    guard let memory = aligned_alloc(64, rounded) else {
      preconditionFailure("out of memory: could not allocate \(rounded) bytes for integer inference")
    }
    memset(memory, 0, rounded)
    self.count = rounded
    start = memory
  }

  /// Copies an array.
  convenience init<T: BitwiseCopyable>(_ values: [T]) {
    self.init(count: values.count * MemoryLayout<T>.stride)
    values.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { start.copyMemory(from: source, byteCount: bytes.count) }
    }
  }

  deinit { free(start) }

  /// The block as values of a type.
  func of<T>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    start.bindMemory(to: type, capacity: count / MemoryLayout<T>.stride)
  }
}
