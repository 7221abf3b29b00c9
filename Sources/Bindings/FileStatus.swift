#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is at a path.
enum FileStatus {
  /// Whether something readable is there.
  static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
