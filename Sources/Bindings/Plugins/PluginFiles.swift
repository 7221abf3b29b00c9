#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Interchange
import LuaRuntime

/// A plugin's file, before anything of it has run.
public struct PluginEntry: Sendable {
  /// The kind's name.
  public let kind: String
  /// The plugin's name.
  public let name: String
  /// Its file.
  public let path: String
  /// The folder of the package it belongs to; `nil` for a single file.
  public let package: String?
  /// The file of the same kind and name that is found before it.
  public let shadowedBy: String?

  /// Whether a text can be the name of a plugin.
  public static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 64
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      && name.first?.isNumber == false
  }
}

/// Where Lua plugins lie: `<kind>/<name>.lua` in the search folders, or in packages there, which are folders with a
/// `plugin.lua`.
///
/// Search folders, in order: those given with `--plugins`, those of `AUGQ_PLUGIN_PATH`, `./Plugins`, `../Plugins` beside the
/// script, the user's (`$XDG_DATA_HOME/augq/plugins`), and `Plugins` above the program. The first of a name is taken.
struct PluginFiles: Sendable {
  let session: Session

  /// Bytes that Lua and native objects may hold in a plugin's call, beyond those in use when it begins.
  private static let memory = 2 << 30

  /// Runs the file of a plugin.
  ///
  /// - Throws: ``LuaUsageError`` that lists the plugins of the kind when there is none of the name, or says what is wrong
  ///   with it.
  func load(_ kind: String, _ name: String, _ lua: LuaState) throws -> Plugin {
    let all = entries(of: kind)
    guard let entry = all.first(where: { $0.name == name }) else {
      let native = kind == "rounding" ? ["closed", "bit_split"] : []
      throw LuaUsageError("there is no \(kind) '\(name)'. \(nearest(name, among: all.map(\.name) + native))")
    }
    return try load(entry, lua)
  }

  /// Runs the file of a plugin, in a sandbox of its own: its folder to read, nothing to write, no other globals.
  func load(_ entry: PluginEntry, _ lua: LuaState) throws -> Plugin {
    guard let kind = PluginKind.named(entry.kind) else {
      throw LuaUsageError(
        "there are no \(entry.kind) plugins. \(nearest(entry.kind, among: PluginKind.all.map(\.name)))")
    }
    let package = try entry.package.map { try PluginPackage(folder: $0, lua) }
    try package?.check(provides: entry)
    try package?.checkRequirements(among: packages, lua)
    let folder = FileStatus.folder(of: entry.path)
    let own = [folder] + (entry.package.map { [$0] } ?? [])
    // Standard output belongs to the recipe.
    let sandbox = try LuaSandbox(
      lua, files: FileRoots(read: own), budget: LuaBudget(memory: Self.memory), moduleFolders: own,
      output: .standardError)
    if let library = try package?.nativeLibrary(session, among: packages) {
      try sandbox.setGlobal(
        "native",
        .table(
          library.functions.map { ($0.name, .function(lua.reference(to: $0, name: "native.\($0.name)"))) }))
    }
    let text = try MappedFile(path: entry.path).withBytes { Array($0) }
    let value = try sandbox.run(text, name: "@" + entry.path)
    return try Plugin(kind, entry.name, path: entry.path, value, package: package, in: sandbox)
  }

  /// The folders of packages, in search order.
  private var packages: [String] { folders.flatMap(Self.packages) }

  private static func packages(in folder: String) -> [String] {
    FileStatus.names(in: folder).filter { FileStatus.exists("\(folder)/\($0)/plugin.lua") }.sorted()
      .map { "\(folder)/\($0)" }
  }

  /// The plugins of a kind by name, those that others hide included, in search order.
  func entries(of kind: String) -> [PluginEntry] {
    var first: [String: String] = [:]
    var result: [PluginEntry] = []
    for folder in folders {
      for package in [nil] + Self.packages(in: folder).map(Optional.some) {
        let place = "\(package ?? folder)/\(kind)"
        for file in FileStatus.names(in: place).sorted() where file.hasSuffix(".lua") {
          let name = String(file.dropLast(4))
          guard PluginEntry.isName(name) else { continue }
          let path = "\(place)/\(file)"
          result.append(
            PluginEntry(kind: kind, name: name, path: path, package: package, shadowedBy: first[name]))
          if first[name] == nil { first[name] = path }
        }
      }
    }
    return result
  }

  /// The names of a kind's plugins.
  func names(_ kind: String) -> [String] { Set(entries(of: kind).map(\.name)).sorted() }

  /// The folders that exist, each once.
  var folders: [String] {
    let given =
      UserFolders.environment("AUGQ_PLUGIN_PATH").map { $0.split(separator: ":").map(String.init) } ?? []
    let candidates =
      session.pluginFolders + given + ["Plugins", session.scriptFolder + "/../Plugins"]
      + [UserFolders.data + "/plugins"] + UserFolders.aboveProgram.map { $0 + "/Plugins" }
    var seen: Set<String> = []
    return candidates.filter { folder in
      guard let real = realpath(folder, nil) else { return false }
      defer { free(real) }
      return seen.insert(String(cString: real)).inserted
    }
  }
}
