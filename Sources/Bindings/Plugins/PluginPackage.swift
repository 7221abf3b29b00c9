import Interchange
import LuaRuntime

/// A folder with a `plugin.lua` that says what is in it: several plugins, their version, what they need.
///
///     return { name = "halves", version = "1.0.0", api = ">=1.0 <2", summary = "…",
///              provides = { granularity = { "halves" } }, requires = { other = ">=0.3" },
///              permissions = { fs_read = { "option:folder" } } }
struct PluginPackage {
  let folder: String
  let name: String
  let version: Version
  let summary: String
  /// Names by kind.
  let provides: [(kind: String, names: [String])]
  /// Versions of other packages that it needs.
  let requires: [(name: String, range: VersionRange)]
  /// What it asks for.
  let permissions: PluginPermissions

  private static let keys = [
    "name", "version", "api", "summary", "license", "provides", "requires", "permissions",
  ]

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
    guard PluginEntry.isName(name) else {
      throw fail("field 'name' is \"\(name)\"; use letters, digits and _, a letter first")
    }
    let last = folder.split(separator: "/").last.map(String.init) ?? ""
    guard last == name else {
      throw fail("field 'name' is \"\(name)\", but the folder is \(last); they must agree")
    }
    let number = try text("version")
    guard let version = Version(number), version.count == 3 else {
      throw fail("field 'version' is \"\(number)\"; expected three numbers such as 1.0.0")
    }
    self.version = version
    summary = value["summary"]?.text ?? ""
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
    switch value["requires"] {
    case nil: requires = []
    case .table(let rows):
      requires = try rows.sorted { $0.key < $1.key }.map { name, range in
        guard let terms = range.text.flatMap(VersionRange.init) else {
          throw fail("'requires.\(name)' is \(range.shown); expected terms such as \">=1.0 <2\"")
        }
        return (name, terms)
      }
    case .some(let other): throw fail("field 'requires' is \(other.shown); expected { other = \">=1.0 <2\" }")
    }
    permissions = try PluginPermissions(value["permissions"], path)
    for (kind, names) in provides {
      for name in names where !FileStatus.exists("\(folder)/\(kind)/\(name).lua") {
        throw fail("'provides' names \(kind) '\(name)', but there is no \(kind)/\(name).lua")
      }
    }
  }

  /// Checks that the packages it needs are there.
  func checkRequirements(among folders: [String], _ lua: LuaState) throws {
    for (name, range) in requires {
      let found = try folders.first { $0.split(separator: "/").last.map(String.init) == name }
        .map { try PluginPackage(folder: $0, lua).version }
      if let found, range.contains(found) { continue }
      let state = found.map { "version \($0) is there" } ?? "there is none"
      throw LuaUsageError(
        "\(folder)/plugin.lua: needs package '\(name)' \(range), but \(state). Install it beside this one.")
    }
  }

  /// Loads its native library.
  ///
  /// - Throws: ``LuaUsageError`` unless the user allows it and the library is there.
  func nativeLibrary(_ session: Session, among folders: [String]) throws -> NativeLibrary? {
    guard permissions.native else { return nil }
    let isNamed = session.allowedNative.contains { FileStatus.isSame($0, folder) }
    guard isNamed || session.allowedNative.contains(name) else {
      throw NativeCodeIsOff(package: name, folder: folder)
    }
    // Consent to a name is consent to one package.
    let others = folders.filter { $0.hasSuffix("/\(name)") && !FileStatus.isSame($0, folder) }
    guard isNamed || others.isEmpty else {
      throw LuaUsageError(
        "\(folder): \(others[0]) is a package '\(name)' too. Allow the one you trust by its folder: --allow-native \(folder)"
      )
    }
    let path = folder + "/" + NativeLibrary.path(package: name)
    guard FileStatus.exists(path) else {
      throw LuaUsageError(
        "\(folder)/plugin.lua: its library \(NativeLibrary.path(package: name)) is not there. Build it.")
    }
    return try NativeLibrary(path: path, package: name, cancellation: session.cancellation)
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

/// A package with native code that the user has not allowed.
struct NativeCodeIsOff: Error, CustomStringConvertible {
  let package: String
  let folder: String

  var description: String {
    "\(folder): package '\(package)' brings native code, which is not confined. If you trust it, add --allow-native \(package)."
  }
}
