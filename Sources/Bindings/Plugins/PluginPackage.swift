import Interchange
import LuaRuntime

/// A folder with a `plugin.lua` that says what is in it: several plugins, their version, what they need.
///
///     return { name = "halves", version = "1.0.0", api = ">=1.0 <2", summary = "…",
///              provides = { granularity = { "halves" } }, requires = { other = ">=0.3" },
///              permissions = { fs_read = {}, fs_write = {}, exec = false, native = false } }
struct PluginPackage {
  let folder: String
  let name: String
  let version: String
  let summary: String
  /// Names by kind.
  let provides: [(kind: String, names: [String])]
  /// Whether it brings a native library.
  let wantsNative: Bool

  private static let keys = [
    "name", "version", "api", "summary", "license", "provides", "requires", "permissions", "native",
  ]
  private static let permissions = ["fs_read", "fs_write", "exec", "native"]

  /// Reads the manifest: data only, as it runs without any global.
  ///
  /// - Throws: ``LuaUsageError`` that names the file and the field.
  init(folder: String, _ lua: LuaState) throws {
    let path = folder + "/plugin.lua"
    func fail(_ problem: String) -> LuaUsageError { LuaUsageError("\(path): \(problem)") }
    let source = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
    let value = try lua.evaluateData(source, name: "@" + path)
    guard case .table(let members) = value else {
      throw fail("a manifest returns a table, not \(value.shown)")
    }
    for (key, _) in members where !Self.keys.contains(key) {
      throw fail("a manifest has no field '\(key)'. \(nearest(key, among: Self.keys))")
    }
    func text(_ key: String) throws -> String {
      guard let text = value[key]?.text, !text.isEmpty else {
        throw fail("field '\(key)' is \(value[key]?.shown ?? "missing"); expected a text")
      }
      return text
    }
    self.folder = folder
    name = try text("name")
    version = try text("version")
    summary = value["summary"]?.text ?? ""
    let numbers = version.split(separator: ".", omittingEmptySubsequences: false)
    guard numbers.count == 3, numbers.allSatisfy({ Int($0) != nil }) else {
      throw fail("field 'version' is \"\(version)\"; expected three numbers such as 1.0.0")
    }
    guard let range = value["api"] else { throw fail("field 'api' is missing; give \">=1.0 <2\"") }
    try PluginAPI.check(range, path)
    guard case .table(let kinds) = value["provides"] else {
      throw fail("field 'provides' is missing; expected { granularity = { \"name\" }, … }")
    }
    provides = try kinds.sorted { $0.key < $1.key }.map { kind, names in
      guard PluginKind.named(kind) != nil else {
        throw fail("'provides' has no kind '\(kind)'. \(nearest(kind, among: PluginKind.all.map(\.name)))")
      }
      let texts = (names.elements ?? []).compactMap(\.text)
      guard !texts.isEmpty, texts.count == names.elements?.count, texts.allSatisfy(PluginEntry.isName) else {
        throw fail("'provides.\(kind)' is \(names.shown); expected a list of names")
      }
      return (kind, texts)
    }
    if let given = value["permissions"] {
      guard case .table(let rows) = given else {
        throw fail("field 'permissions' is \(given.shown); expected a table")
      }
      for (key, _) in rows where !Self.permissions.contains(key) {
        throw fail("there is no permission '\(key)'. \(nearest(key, among: Self.permissions))")
      }
    }
    wantsNative = value["permissions"]?["native"]?.boolean ?? false
    for (kind, names) in provides {
      for name in names where !FileStatus.exists("\(folder)/\(kind)/\(name).lua") {
        throw fail("'provides' names \(kind) '\(name)', but there is no \(kind)/\(name).lua")
      }
    }
  }

  /// Checks that the manifest names a plugin found in the package.
  func check(provides entry: PluginEntry) throws {
    guard provides.contains(where: { $0.kind == entry.kind && $0.names.contains(entry.name) }) else {
      throw LuaUsageError(
        "\(folder)/plugin.lua: 'provides' does not name \(entry.kind) '\(entry.name)'. Add it, or remove the file."
      )
    }
  }
}
