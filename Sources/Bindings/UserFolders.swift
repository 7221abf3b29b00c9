#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Interchange
import Reconstruction

/// Where the workbench keeps a user's files, after the XDG base directory specification.
package enum UserFolders {
  /// History.
  package static var state: String { folder("XDG_STATE_HOME", ".local/state") }
  /// Plugins.
  package static var data: String { folder("XDG_DATA_HOME", ".local/share") }
  /// What can be made again.
  package static var cache: String { folder("XDG_CACHE_HOME", ".cache") }
  /// Files of one run.
  package static var temporary: String { CalibrationCache.temporaryFolder }

  private static func folder(_ variable: String, _ fallback: String) -> String {
    // The specification says to ignore relative paths.
    if let given = environment(variable), given.hasPrefix("/") { return given + "/augq" }
    return "\(environment("HOME") ?? "/")/\(fallback)/augq"
  }

  /// The folders above the program, the nearest first: of the clone that built it, or of the installation.
  package static var aboveProgram: [String] {
    guard let program = realpath("/proc/self/exe", nil) else { return [] }
    defer { free(program) }
    var folder = FileStatus.folder(of: String(cString: program))
    var found: [String] = []
    for _ in 0..<6 where folder != "/" {
      found.append(folder)
      folder = FileStatus.folder(of: folder)
    }
    return found
  }

  /// A variable of the environment that is set and not empty.
  package static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Makes a folder and those above it, for the user alone unless `mode` says otherwise.
  ///
  /// - Returns: Whether it is there.
  @discardableResult
  package static func make(_ path: String, mode: UInt32 = 0o700) -> Bool {
    Folder.make(path, mode: mode)
  }
}
