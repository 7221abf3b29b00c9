#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The folders below which confined code may read and write.
///
/// Links are followed before a path is judged. The judgement holds for the moment it is made: a process outside that
/// swaps folders for links meanwhile is not kept out.
public struct FileRoots: Sendable {
  /// What is done to a file; what may be written may be read.
  public enum Access: Sendable { case read, write }

  private var readable: [String]
  private var writable: [String]

  /// Resolves the folders.
  ///
  /// - Throws: ``LuaUsageError`` for what is no folder.
  public init(read: [String] = [], write: [String] = []) throws {
    writable = try write.map(Self.folder)
    readable = try read.map(Self.folder) + writable
  }

  /// The same with more files and folders, which need not be there yet.
  ///
  /// - Throws: ``LuaUsageError`` for a path in a folder that is not there.
  public func adding(read: [String] = [], write: [String] = []) throws -> FileRoots {
    func real(_ path: String) throws -> String {
      if let place = Self.place(path) { return place }
      throw LuaUsageError("the path '\(path)' is in no folder that is there. Make its folder first.")
    }
    var result = self
    result.writable += try write.map(real)
    result.readable += try read.map(real) + write.map(real)
    return result
  }

  private static func folder(_ path: String) throws -> String {
    guard let real = realPath(path), kind(real) == S_IFDIR else {
      throw LuaUsageError("the root '\(path)' is not a folder. Give the path of a folder that is there.")
    }
    return real
  }

  /// Returns the real path of a file or folder that may be used in this way; it need not be there yet.
  ///
  /// - Throws: ``LuaUsageError`` for a path outside the roots, and for pipes and devices.
  public func resolve(_ path: String, for access: Access) throws -> String {
    guard let place = Self.place(path), let kind = kind(of: place, access) else {
      let (verb, roots) = access == .read ? ("read", readable) : ("write", writable)
      throw LuaUsageError(
        "'\(path)' is outside the folders that this code may \(verb) (\(roots.isEmpty ? "none" : roots.joined(separator: ", "))). "
          + "Move the file there, or name its folder as a root.")
    }
    guard [0, S_IFREG, S_IFDIR].contains(kind) else {
      throw LuaUsageError("'\(path)' is a pipe or a device. Name a file.")
    }
    return place
  }

  /// The kind of what is at a real path, 0 for nothing; nil when it is outside the roots.
  private func kind(of place: String, _ access: Access) -> mode_t? {
    let roots = access == .read ? readable : writable
    let isInside = roots.contains { $0 == "/" || place == $0 || place.hasPrefix($0 + "/") }
    return isInside ? Self.kind(place) : nil
  }

  /// Whether a regular file is at a real path.
  static func isFile(_ path: String) -> Bool { kind(path) == S_IFREG }

  private static func kind(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  /// The real path of what is there, or of the folder that is there with the rest of the path behind it.
  private static func place(_ path: String) -> String? {
    guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
    if let real = realPath(path) { return real }
    // A link to nothing would be followed when the file is made.
    guard kind(path) == 0 else { return nil }
    var trimmed = Substring(path)
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    let slash = trimmed.lastIndex(of: "/")
    let name = slash.map { trimmed[trimmed.index(after: $0)...] } ?? trimmed
    guard name != "..", name != ".", !name.isEmpty else { return nil }
    let folder = slash.map { $0 == trimmed.startIndex ? "/" : String(trimmed[..<$0]) } ?? "."
    return place(folder).map { $0 == "/" ? "/\(name)" : "\($0)/\(name)" }
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
