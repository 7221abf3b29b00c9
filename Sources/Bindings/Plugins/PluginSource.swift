import LuaRuntime

extension PluginFiles {
  /// Where a module's table finds the functions that plugins of a kind make.
  func source(_ kind: String, _ make: @escaping @Sendable (Plugin) throws -> LuaFunction)
    -> LuaModule.FunctionSource
  {
    LuaModule.FunctionSource(noun: kind, names: { names(kind) }) { name, lua in
      try entries(of: kind).first { $0.name == name }.map { try make(try load($0, lua)) }
    }
  }
}

/// A plugin with the values of its options: what it needs to do its work.
struct BoundPlugin: @unchecked Sendable {
  let plugin: Plugin
  let options: LuaValue

  init(_ plugin: Plugin, _ given: [(key: String, value: LuaValue)] = []) throws {
    options = .table(try plugin.values(given))
    // Defaults hand over nothing: the plugin wrote them itself.
    self.plugin = try plugin.permitted(.table(given))
  }

  /// Binds a plugin to its own options among those of a call.
  init(_ plugin: Plugin, from given: LuaOptions) throws {
    try self.init(
      plugin, plugin.options.rows.compactMap { row in given.value(row.name).map { (row.name, $0) } })
  }

  /// Binds a plugin named by a key of a table whose other keys are its options.
  init(
    key: String, of table: LuaValue, _ kind: String, _ files: PluginFiles, _ lua: LuaState
  ) throws {
    guard case .table(let members) = table, let name = table[key] else {
      throw LuaUsageError("option '\(key)' is missing. \(nearest("", among: files.names(kind)))")
    }
    guard let text = name.text else {
      throw LuaUsageError("option '\(key)' is \(name.shown); expected a name")
    }
    try self.init(files.load(kind, text, lua), members.filter { $0.key != key })
  }

  /// Binds a plugin named by an option: its name, or a table with the name first and its options behind.
  init?(named value: LuaValue?, _ kind: String, _ files: PluginFiles, _ lua: LuaState) throws {
    guard let value else { return nil }
    let name = value.text ?? value.elements?.first?.text ?? value["1"]?.text
    guard let name else {
      throw LuaUsageError(
        "option '\(kind)' is \(value.shown); expected a name, or { \"name\", key = value, … }")
    }
    var given: [(key: String, value: LuaValue)] = []
    if case .table(let members) = value { given = members.filter { $0.key != "1" } }
    try self.init(files.load(kind, name, lua), given)
  }
}
