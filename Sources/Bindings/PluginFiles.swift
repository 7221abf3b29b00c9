#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Interchange
import LuaRuntime

/// Where Lua plugins lie: `<kind>/<name>.lua` in the folders of `AUGQ_PLUGIN_PATH`, in `./Plugins`, beside the script, and
/// in the `Plugins` folder that came with the program.
package struct PluginFiles: Sendable {
  let session: Session

  /// Makes the search for one run.
  package init(session: Session) { self.session = session }

  /// Runs the file of a plugin and returns what it returns.
  ///
  /// - Throws: ``LuaUsageError`` that lists the plugins of the kind when there is none of the name.
  func load(_ kind: String, _ name: String, _ lua: LuaState) throws -> LuaValue {
    guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }), !name.isEmpty,
      let path = folders.map({ "\($0)/\(kind)/\(name).lua" }).first(where: FileStatus.exists)
    else {
      throw LuaUsageError("there is no \(kind) '\(name)'. \(nearest(name, among: names(kind)))")
    }
    let text = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
    return try lua.evaluate(text, name: "@" + path)
  }

  /// The names of all plugins of a kind.
  func names(_ kind: String) -> [String] {
    Set(
      folders.flatMap { FileStatus.names(in: "\($0)/\(kind)") }
        .filter { $0.hasSuffix(".lua") }.map { String($0.dropLast(4)) }
    ).sorted()
  }

  /// Every folder that has plugin files, in the order they are searched, and the paths of those.
  package var inventory: [(folder: String, files: [String])] {
    var seen: Set<String> = []
    return folders.compactMap { folder in
      guard let resolved = realpath(folder, nil) else { return nil }
      defer { free(resolved) }
      guard seen.insert(String(cString: resolved)).inserted else { return nil }
      let kinds = FileStatus.names(in: folder).filter { !$0.hasPrefix(".") }.sorted()
      let files = kinds.flatMap { kind in
        FileStatus.names(in: "\(folder)/\(kind)").filter { $0.hasSuffix(".lua") }.sorted().map {
          "\(folder)/\(kind)/\($0)"
        }
      }
      return files.isEmpty ? nil : (folder, files)
    }
  }

  private var folders: [String] {
    let given =
      getenv("AUGQ_PLUGIN_PATH").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
    return given + ["Plugins", session.scriptFolder + "/../Plugins"] + bundled
  }

  /// `Plugins` in a folder above the program: of the clone that built it, or of the installation.
  private var bundled: [String] {
    guard let program = realpath("/proc/self/exe", nil) else { return [] }
    defer { free(program) }
    var folder = FileStatus.folder(of: String(cString: program))
    var found: [String] = []
    for _ in 0..<6 where folder != "/" {
      found.append(folder + "/Plugins")
      folder = FileStatus.folder(of: folder)
    }
    return found
  }
}
