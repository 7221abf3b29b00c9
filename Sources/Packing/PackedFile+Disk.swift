#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension PackedFile {
  /// Writes the file under a temporary name beside `path` and renames it: readers see the old file or the whole new one.
  ///
  /// - Throws: ``PackingError/file(path:operation:reason:)``; nothing is left behind then. A device, a pipe or a folder
  ///   is not a file to replace.
  public func write(to path: String) throws(PackingError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw .file(path: path, operation: "replace", reason: "it is not a regular file")
    }
    let temporary = "\(path).\(getpid()).part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(temporary, "create") }
    let isWritten = writeAll(encoded, to: descriptor) && fsync(descriptor) == 0
    let problem = isWritten ? nil : Self.failure(temporary, "write")
    close(descriptor)
    if let problem {
      unlink(temporary)
      throw problem
    }
    guard rename(temporary, path) == 0 else {
      let problem = Self.failure(path, "rename a file to")
      unlink(temporary)
      throw problem
    }
  }

  /// Reads a file from disk.
  ///
  /// - Throws: ``PackingError`` that says what is wrong with the file.
  public init(path: String) throws(PackingError) {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw Self.failure(path, "open") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure(path, "inspect") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .file(path: path, operation: "read", reason: "it is not a regular file")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw Self.failure(path, "read") }
      if got == 0 { break }
      done += got
    }
    do {
      try self.init(encoded: Array(bytes.prefix(done)))
    } catch {
      throw error.found(in: path)
    }
  }

  private static func failure(_ path: String, _ operation: String) -> PackingError {
    .file(path: path, operation: operation, reason: String(cString: strerror(errno)))
  }
}

// At file level, where `write` is the C library's.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
  var done = 0
  while done < bytes.count {
    let put = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
    if put < 0 && errno == EINTR { continue }
    guard put > 0 else { return false }
    done += put
  }
  return true
}
