import LuaRuntime

/// What a plugin may do besides reading its own folder: `{ fs_read = { "option:folder" }, fs_write = { "cache" } }`.
///
/// `option:NAME` is the path that the option NAME is given, by code that may use it itself; other paths lie in the plugin's
/// folder. So no plugin gets at files that nobody handed to it.
struct PluginPermissions: Sendable {
  /// Options whose paths it reads.
  var reads: [String] = []
  /// Options whose paths it writes, and paths in its folder.
  var writes: [String] = []
  /// Whether it brings a native library.
  var native = false

  private static let keys = ["fs_read", "fs_write", "native"]
  private static let mark = "option:"

  init() {}

  /// Reads the field `permissions`.
  ///
  /// - Parameter optionNames: What `option:NAME` may name; `nil` when that is not known yet.
  /// - Throws: ``LuaUsageError`` that begins with the file.
  init(_ value: LuaValue?, _ path: String, optionNames: [String]? = nil) throws {
    guard let value else { return }
    func fail(_ problem: String) -> LuaUsageError { LuaUsageError("\(path): \(problem)") }
    let rows: [(key: String, value: LuaValue)]
    switch value {
    case .table(let members): rows = members
    case .list(let elements) where elements.isEmpty: rows = []
    default: throw fail("field 'permissions' is \(value.shown); expected a table")
    }
    for (key, _) in rows where !Self.keys.contains(key) {
      throw fail("there is no permission '\(key)'. \(nearest(key, among: Self.keys))")
    }
    func paths(_ key: String) throws -> [String] {
      guard let given = value[key] else { return [] }
      let texts = (given.elements ?? []).compactMap(\.text)
      guard let elements = given.elements, texts.count == elements.count, texts.allSatisfy({ !$0.isEmpty })
      else {
        throw fail("permission '\(key)' is \(given.shown); expected a list of paths")
      }
      for path in texts
      where Self.option(path) == nil && (path.hasPrefix("/") || path.split(separator: "/").contains("..")) {
        throw fail(
          "permission '\(key)' names \"\(path)\", outside the plugin's folder. Make the path an option, and write \"option:NAME\"."
        )
      }
      // Its code, its manifest and its library are not what it writes.
      let own = texts.filter { Self.option($0) == nil }
      if key == "fs_write", let path = own.first(where: { $0 != "data" && !$0.hasPrefix("data/") }) {
        throw fail(
          "permission 'fs_write' names \"\(path)\"; a package writes below its folder data, and what options name (\"option:NAME\")"
        )
      }
      for name in texts.compactMap(Self.option) where optionNames?.contains(name) == false {
        throw fail(
          "permission '\(key)' names option '\(name)', which there is not. \(nearest(name, among: optionNames ?? []))"
        )
      }
      return texts
    }
    reads = try paths("fs_read")
    writes = try paths("fs_write")
    if let given = value["native"] {
      guard let asked = given.boolean else {
        throw fail("permission 'native' is \(given.shown); expected true or false")
      }
      native = asked
    }
  }

  private static func option(_ path: String) -> String? {
    path.hasPrefix(mark) ? String(path.dropFirst(mark.count)) : nil
  }

  /// The paths that options give; empty texts name nothing.
  func handed(_ list: [String], _ options: LuaValue) -> [String] {
    list.compactMap(Self.option).compactMap { options[$0]?.text }.filter { !$0.isEmpty }
  }

  /// Paths in the plugin's folder that it writes.
  var ownWrites: [String] { writes.filter { Self.option($0) == nil } }
}
