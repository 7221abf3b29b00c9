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

  /// The names of what is in a folder; none when there is no such folder.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }
}
