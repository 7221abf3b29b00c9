#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The text of the C library's last error.
func lastError() -> String { String(cString: strerror(errno)) }

/// A file mapped into memory for reading; unmapped when the last user goes.
public final class MappedFile: @unchecked Sendable {
  /// Where the file is.
  public let path: String
  /// The file's content, valid while this object lives.
  public let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Maps a file.
  ///
  /// - Throws: ``InterchangeError/unreadable(path:reason:remedy:)``.
  public init(path: String) throws(InterchangeError) {
    self.path = path
    isMapped = true
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else {
      throw .unreadable(path: path, reason: lastError(), remedy: "Check the path.")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "it is not a regular file", remedy: "Check the path.")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw .unreadable(path: path, reason: lastError(), remedy: "Check the file system.")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  /// Calls `body` with the content, which stays mapped meanwhile.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  /// Stands for a file whose content the caller holds longer than this value; `path` is only named in errors.
  package init(borrowing bytes: UnsafeRawBufferPointer, path: String) {
    self.path = path
    self.bytes = bytes
    isMapped = false
  }

  deinit {
    guard isMapped else { return }
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}

/// Folders and what they hold.
package enum Folder {
  /// Makes a folder and those above it; `errno` tells why when it is not there afterwards.
  package static func make(_ path: String, mode: UInt32) -> Bool {
    var made = ""
    for part in path.split(separator: "/") {
      made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
      guard mkdir(made, mode_t(mode)) == 0 || errno == EEXIST else { return false }
    }
    return true
  }

  /// The names in a folder that do not begin with a dot, sorted; none when there is no such folder.
  package static func names(in path: String) -> [String] { (try? entries(of: path)) ?? [] }

  /// The names in a folder that do not begin with a dot, sorted.
  ///
  /// - Throws: ``InterchangeError/unreadable(path:reason:remedy:)``.
  static func entries(of path: String) throws(InterchangeError) -> [String] {
    guard let stream = opendir(path) else {
      throw .unreadable(path: path, reason: lastError(), remedy: "Check the path of the folder.")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether a link is at a path.
  static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// Whether a path leads to a folder.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// Writes a whole file or nothing.
public enum AtomicFile {
  /// The ending of a file that is being written, behind the numbers of its process and of the attempt.
  private static let unfinished = ".tmp"

  /// Writes `chunks` one after the other to a temporary name beside `path`, syncs, and renames.
  ///
  /// - Throws: ``InterchangeError/unwritable(path:reason:)``; the old file is then as it was. A device, a pipe or a folder
  ///   is not a file to replace.
  public static func write(_ chunks: [UnsafeRawBufferPointer], to path: String) throws(InterchangeError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw .unwritable(path: path, reason: "it is not a regular file")
    }
    // Processes of other hosts may have the same number.
    let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max))\(unfinished)"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: lastError()) }
    // Held while the file is being written: what nobody holds was left by a process that was killed.
    flock(descriptor, LOCK_EX | LOCK_NB)
    defer { close(descriptor) }
    var problem: String?
    for chunk in chunks where problem == nil { problem = writeAll(chunk, descriptor) }
    if problem == nil, fsync(descriptor) != 0 { problem = lastError() }
    if problem == nil, rename(temporary, path) != 0 { problem = lastError() }
    guard let problem else { return }
    unlink(temporary)
    throw .unwritable(path: path, reason: problem)
  }

  /// Removes from a folder files that processes were writing when they were killed.
  ///
  /// - Parameter isOurs: Whether a file of that name, once written, is the caller's.
  package static func removeUnfinished(in folder: String, of isOurs: (Substring) -> Bool) {
    for name in Folder.names(in: folder) where name.hasSuffix(unfinished) {
      let stem = name.dropLast(unfinished.count)
      guard let dot = stem.lastIndex(of: "."), isOurs(stem[..<dot]) else { continue }
      let numbers = stem[dot...].dropFirst().split(separator: "-", omittingEmptySubsequences: false)
      guard numbers.count == 2, numbers.allSatisfy({ UInt32($0) != nil }) else { continue }
      let descriptor = open("\(folder)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(folder)/\(name)") }
    }
  }

  /// Writes text.
  public static func write(_ text: String, to path: String) throws(InterchangeError) {
    let bytes = Array(text.utf8)
    // The pointer must not outlive the closure, and typed errors do not pass through it: carry the result out.
    let result: Result<Void, InterchangeError> = bytes.withUnsafeBytes { buffer in
      Result { () throws(InterchangeError) in try write([buffer], to: path) }
    }
    try result.get()
  }

  private static func writeAll(_ chunk: UnsafeRawBufferPointer, _ descriptor: Int32) -> String? {
    var done = 0
    while done < chunk.count {
      let count = Glibc.write(descriptor, chunk.baseAddress.map { $0 + done }, chunk.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return lastError() }
      done += count
    }
    return nil
  }
}
