#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is at a path.
package enum FileStatus {
  /// Whether something readable is there.
  package static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

  /// Whether a folder is there.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether two paths lead to the same place that is there.
  package static func isSame(_ a: String, _ b: String) -> Bool {
    guard let first = realpath(a, nil), let second = realpath(b, nil) else { return false }
    defer {
      free(first)
      free(second)
    }
    return strcmp(first, second) == 0
  }

  /// The folder that a path names a file in: `.` for a bare file name.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The names of what is in a folder; none when there is no such folder.
  package static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
