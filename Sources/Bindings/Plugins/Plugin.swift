import LuaRuntime

/// A plugin's table, checked against its kind.
///
/// Its functions run on the thread of its Lua state, as everything that calls them does.
struct Plugin: @unchecked Sendable {
  let kind: PluginKind
  let name: String
  let path: String
  let summary: String
  /// The plugin's own options.
  let options: ScriptParameters
  private let table: LuaValue
  private let sandbox: LuaSandbox
  private let permissions: PluginPermissions
  /// The files that its functions may use.
  private var files: FileRoots

  /// Checks what a plugin's file returned.
  ///
  /// A bare function stands for the kind's only one.
  ///
  /// - Throws: ``LuaUsageError`` that names the file.
  init(
    _ kind: PluginKind, _ name: String, path: String, _ value: LuaValue, package: PluginPackage?,
    in sandbox: LuaSandbox
  ) throws {
    func fail(_ problem: String) -> LuaUsageError { LuaUsageError("\(path): \(problem)") }
    var value = value
    if case .function = value, kind.forms.count == 1, kind.forms[0].count == 1 {
      value = .table([(kind.forms[0][0].name, value)])
    }
    guard case .table(let members) = value else {
      throw fail("a \(kind.name) plugin returns a table with \(Self.wanted(kind)), not \(value.shown)")
    }
    for (key, _) in members where !kind.keys.contains(key) {
      throw fail("a \(kind.name) plugin has no field '\(key)'. \(nearest(key, among: kind.keys))")
    }
    guard kind.forms.contains(where: { $0.allSatisfy { value[$0.name] != nil } }) else {
      throw fail("a \(kind.name) plugin needs \(Self.wanted(kind)). See 'augq plugin new \(kind.name) NAME'.")
    }
    for function in kind.forms.joined() where function.signature.hasPrefix("(") {
      switch value[function.name] {
      case nil, .function: break
      // Stages may be given as they are when they depend on nothing.
      case .list where kind.name == "reconstruction": break
      case .some(let other): throw fail("field '\(function.name)' is \(other.shown); expected a function")
      }
    }
    if let summary = value["summary"], summary.text == nil {
      throw fail("field 'summary' is \(summary.shown); expected a text of one line")
    }
    try PluginAPI.check(value["api"], path)
    self.kind = kind
    self.name = name
    self.path = path
    summary = value["summary"]?.text ?? kind.summary
    do { options = try ScriptParameters(value["options"] ?? .list([])) } catch { throw fail("\(error)") }
    if let package, value["permissions"] != nil {
      throw fail("permissions of a package stand in \(package.folder)/plugin.lua")
    }
    let names = options.rows.map(\.name)
    permissions =
      try package?.permissions ?? PluginPermissions(value["permissions"], path, optionNames: names)
    if package == nil, !permissions.ownWrites.isEmpty {
      throw fail("only a package writes in its folder; make a folder with a plugin.lua, or name an option")
    }
    if package == nil, permissions.native {
      throw fail("only a package brings native code; make a folder with a plugin.lua")
    }
    table = value
    self.sandbox = sandbox
    // Links in the folder do not lead out of it.
    let folder = package?.folder ?? FileStatus.folder(of: path)
    let own = try FileRoots(write: [folder])
    do {
      let writes = try permissions.ownWrites.map { try own.resolve("\(folder)/\($0)", for: .write) }
      files = try sandbox.files.adding(write: writes)
    } catch { throw fail("\(error)") }
  }

  /// The same plugin, whose functions may use the paths that options hand to it.
  ///
  /// - Throws: ``LuaUsageError`` for a path that the code that runs now may not use itself.
  func permitted(_ options: LuaValue) throws -> Plugin {
    try using(
      read: permissions.handed(permissions.reads, options),
      write: permissions.handed(permissions.writes, options))
  }

  /// The same plugin, whose functions may use more files.
  func using(read: [String] = [], write: [String] = []) throws -> Plugin {
    guard !read.isEmpty || !write.isEmpty else { return self }
    var result = self
    result.files = try sandbox.handing(read: read, write: write, to: files)
    return result
  }

  private static func wanted(_ kind: PluginKind) -> String {
    kind.forms.map { $0.map { "\($0.name)\($0.signature)" }.joined(separator: ", ") }.joined(
      separator: "; or ")
  }

  /// A field as it is.
  subscript(_ key: String) -> LuaValue? { table[key] }

  /// A function of the table.
  func function(_ name: String) -> LuaReference? {
    if case .function(let reference) = table[name] { reference } else { nil }
  }

  /// Calls a function of the table; errors name the plugin.
  func call(_ name: String, _ arguments: [LuaValue], results: Int = 1) throws -> [LuaValue] {
    guard let function = function(name) else {
      throw LuaUsageError("\(path): the \(kind.name) plugin '\(self.name)' has no function '\(name)'")
    }
    return try sandbox.using(files) { try function.results(arguments, count: results) }
  }

  /// Makes an error about what a function returned.
  func wrong(_ function: String, _ found: LuaValue, _ expected: String) -> LuaUsageError {
    LuaUsageError("\(path): \(function) returned \(found.shown); expected \(expected)")
  }

  /// The plugin's options with defaults, as a table for its functions; keys of `others` are left to the caller.
  ///
  /// - Throws: ``LuaUsageError`` for an unknown key or a value out of range.
  func values(_ given: [(key: String, value: LuaValue)], others: [String] = []) throws -> [(
    key: String, value: LuaValue
  )] {
    let names = options.rows.map(\.name)
    for (key, _) in given where !names.contains(key) && !others.contains(key) {
      throw LuaUsageError("option '\(key)' is unknown. \(nearest(key, among: names + others))")
    }
    return try options.rows.map { row in
      guard let value = given.first(where: { $0.key == row.name })?.value else {
        return (row.name, row.fallback)
      }
      return (row.name, try row.checked(value))
    }
  }

  /// The rows of the manual for the plugin's options.
  var optionRows: [LuaOption] {
    options.rows.map { row in
      let range = row.range
      let kind: LuaOption.Kind =
        switch row.fallback {
        case .boolean: .boolean
        case .integer:
          .integer(range.map { Int($0.lowerBound)...Int($0.upperBound) } ?? Int.min...Int.max)
        case .number: .number(range ?? -Double.infinity...Double.infinity)
        case .string: row.choices.map { .name($0) } ?? .string
        default: .any("a value")
        }
      let text = row.fallback.text.map { "\"\($0)\"" } ?? row.fallback.shown
      return LuaOption(row.name, kind, default: text, row.summary)
    }
  }
}

extension LuaValue {
  /// The numbers of a list that holds nothing but finite ones.
  var finiteNumbers: [Double]? {
    guard let elements else { return nil }
    let numbers = elements.compactMap(\.number).filter(\.isFinite)
    return numbers.count == elements.count ? numbers : nil
  }
}

extension ScriptParameters.Row {
  /// A value that a script gave, when it has the default's type and is in range.
  func checked(_ value: LuaValue) throws -> LuaValue {
    func wrong(_ expected: String) -> LuaUsageError {
      let limits = range.map { " in \($0.lowerBound) ... \($0.upperBound)" } ?? ""
      return LuaUsageError("option '\(name)' is \(value.shown); expected \(expected)\(limits)")
    }
    switch fallback {
    case .integer:
      guard let number = value.integer, range?.contains(Double(number)) ?? true else {
        throw wrong("an integer")
      }
      return .integer(number)
    case .number:
      guard let number = value.number, range?.contains(number) ?? true else { throw wrong("a number") }
      return .number(number)
    case .boolean: if value.boolean == nil { throw wrong("true or false") }
    case .string:
      guard let text = value.text else { throw wrong("a string") }
      if let choices, !choices.contains(text) {
        throw wrong("one of " + choices.map { "\"\($0)\"" }.joined(separator: ", "))
      }
    default: break
    }
    return value
  }
}
