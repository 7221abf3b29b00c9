#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import Tensors

/// The values of one node for every calibration image, in a memory-mapped file that nobody else sees.
///
/// The file is removed when it is made and its space freed with the cache. Pages that were written may leave memory
/// (``releasePages()``) and come back when they are read, so that caches larger than memory work.
public final class CalibrationCache {
  /// The shape of one image's value.
  public let rowShape: Shape
  /// The number of images.
  public let count: Int
  private let base: UnsafeMutablePointer<Float>
  /// Bytes of the file.
  let byteCount: Int

  /// Makes a cache of `count` rows in a temporary file of `folder`.
  ///
  /// - Throws: ``ReconstructionError/invalid(_:)`` when the file cannot be made or the disk has no room.
  public init(rowShape: Shape, count: Int, folder: String = CalibrationCache.temporaryFolder) throws {
    self.rowShape = rowShape
    self.count = count
    byteCount = max(1, rowShape.count * count * MemoryLayout<Float>.stride)
    var path = Array("\(folder)/augq-cache-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw Self.failure("make a file in", folder, byteCount) }
    defer { close(descriptor) }
    unlink(path)
    // Reserves the blocks now: a full disk is an error here, not a bus error at a later write.
    let status = posix_fallocate(descriptor, 0, byteCount)
    guard status == 0 else {
      errno = status
      throw Self.failure("reserve space in", folder, byteCount)
    }
    let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw Self.failure("map a file in", folder, byteCount) }
    base = memory.bindMemory(to: Float.self, capacity: rowShape.count * count)
  }

  deinit { munmap(base, byteCount) }

  /// `$TMPDIR`, or `/tmp` when that is not set or empty.
  public static var temporaryFolder: String {
    getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }

  private static func failure(_ action: String, _ folder: String, _ bytes: Int) -> ReconstructionError {
    .invalid(
      "could not \(action) '\(folder)' for \(bytes) bytes of calibration values: \(String(cString: strerror(errno))). "
        + "Free space there, set TMPDIR to another folder, or give fewer calibration images.")
  }

  /// Stores the values of images `first ...`.
  public func store(_ values: Tensor, first: Int) {
    precondition(values.shape.droppingFirst == rowShape && first + values.shape[0] <= count)
    values.withValues { source in
      guard let start = source.baseAddress else { return }
      (base + first * rowShape.count).update(from: start, count: source.count)
    }
  }

  /// Returns the values of images by number, `[rows.count, …]`.
  public func rows(_ rows: some Collection<Int>) -> Tensor {
    let size = rowShape.count
    return Tensor(rowShape.batched(rows.count)) { target in
      guard let start = target.baseAddress else { return }
      for (place, row) in rows.enumerated() {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        (start + place * size).update(from: base + row * size, count: size)
      }
    }
  }

  /// Lets the operating system take the cache's pages out of this process until they are read again.
  public func releasePages() { madvise(base, byteCount, MADV_DONTNEED) }
}
