#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is at a path.
enum FileStatus {
  /// Whether something readable is there.
  static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

  /// The folder that a path names a file in: `.` for a bare file name.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
