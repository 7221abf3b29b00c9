public import LuaRuntime

/// What is known of a plugin after its file has run.
public struct PluginDescription: Sendable {
  /// Where it is.
  public let entry: PluginEntry
  /// Its summary; empty when it could not be loaded.
  public let summary: String
  /// Its options, one row each.
  public let options: [LuaOption]
  /// Why it could not be loaded.
  public let problem: String?
  /// Whether it only waits for the user to allow its native code.
  public let isOff: Bool
}

/// The plugins that a session sees, for commands that list, describe and check them.
public struct PluginCatalogue {
  private let files: PluginFiles
  private let lua: LuaState

  /// Makes the catalogue of a session; `lua` has the library registered.
  public init(session: Session, lua: LuaState) {
    files = PluginFiles(session: session)
    self.lua = lua
  }

  /// The folders that are searched and exist, in order.
  public var folders: [String] { files.folders }

  /// The folders that a session searches and that exist, in order.
  public static func folders(of session: Session) -> [String] { PluginFiles(session: session).folders }

  /// The plugins of a kind, or of every kind, in search order, those that others hide included.
  public func entries(kind: String? = nil) -> [PluginEntry] {
    PluginKind.all.filter { kind == nil || $0.name == kind }.flatMap { files.entries(of: $0.name) }
  }

  /// The plugin in a file: `…/<kind>/<name>.lua`, a package around it taken into account.
  ///
  /// - Throws: ``LuaUsageError`` when the path names no kind.
  public func entry(atPath path: String) throws -> PluginEntry {
    let folder = FileStatus.folder(of: path)
    let kind = folder.split(separator: "/").last.map(String.init) ?? ""
    guard PluginKind.named(kind) != nil else {
      throw LuaUsageError(
        "\(path): a plugin lies in a folder named after its kind, not '\(kind)'. "
          + nearest(kind, among: PluginKind.all.map(\.name)))
    }
    let file = path.split(separator: "/").last.map(String.init) ?? ""
    guard file.hasSuffix(".lua"), PluginEntry.isName(String(file.dropLast(4))) else {
      throw LuaUsageError("\(path): a plugin is a .lua file named with letters, digits and _")
    }
    guard FileStatus.exists(path) else {
      throw LuaUsageError("\(path): there is no such file. Check the path.")
    }
    let above = FileStatus.folder(of: folder)
    let package = FileStatus.exists(above + "/plugin.lua") ? above : nil
    return PluginEntry(
      kind: kind, name: String(file.dropLast(4)), path: path, package: package, shadowedBy: nil)
  }

  /// The folder in which a plugin's file is found, by itself or as part of a package.
  public static func searchFolders(ofFile path: String) -> [String] {
    let above = FileStatus.folder(of: FileStatus.folder(of: path))
    return [FileStatus.exists(above + "/plugin.lua") ? FileStatus.folder(of: above) : above]
  }

  /// The plugins that can be tried: those that others hide, and those whose native code is not allowed, are left out.
  public func active(kind: String? = nil) -> [PluginEntry] {
    entries(kind: kind).filter { $0.shadowedBy == nil && !description(of: $0).isOff }
  }

  /// Loads a plugin.
  public func description(of entry: PluginEntry) -> PluginDescription {
    do {
      let plugin = try files.load(entry, lua)
      return PluginDescription(
        entry: entry, summary: plugin.summary, options: plugin.optionRows, problem: nil, isOff: false)
    } catch {
      let problem = (error as? LuaError)?.message ?? "\(error)"
      return PluginDescription(
        entry: entry, summary: "", options: [], problem: problem, isOff: error is NativeCodeIsOff)
    }
  }
}
