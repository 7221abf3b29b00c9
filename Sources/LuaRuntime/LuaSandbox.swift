import CLuaShim
import Synchronization

/// What a call of Lua may use, 0 for no bound.
public struct LuaBudget: Sendable, Equatable {
  /// Instructions of Lua's virtual machine, counted in steps of 1,000; steps of pattern matching count too.
  public var instructions: Int
  /// Seconds of wall-clock time; a native function that runs at the end is waited for.
  public var seconds: Double
  /// Bytes that Lua and native objects may hold beyond those in use when the call begins.
  public var memory: Int

  /// Makes a budget; without arguments it bounds nothing.
  public init(instructions: Int = 0, seconds: Double = 0, memory: Int = 0) {
    self.instructions = instructions
    self.seconds = seconds
    self.memory = memory
  }
}

/// A confined environment in a Lua state: globals of its own, copies of the safe libraries, files below its roots only,
/// and a budget for each call.
///
/// Chunks run here with ``run(_:name:)``. A function that such a chunk hands to Swift keeps the sandbox: every call of its
/// ``LuaReference`` from outside is confined and begins with the whole budget. Outer Lua code must not call confined
/// functions by itself; it gets native functions that call the reference.
///
/// This protects against accidents and against scripts that try; bugs of the linked Lua itself need a process of its own.
public final class LuaSandbox {
  /// Where `print` and `io.write` of the environment go.
  public enum Output: String, Sendable { case standardOutput = "stdout", standardError = "stderr" }

  /// The folders that its code may use now.
  public var files: FileRoots { scope.value }
  /// What each call from outside may use.
  public let budget: LuaBudget
  /// Where `require` looks for modules.
  let modules: ModuleFolders
  let environment: Int32
  private let scope: Scoped<FileRoots>
  private let owner: LuaState.Owner

  /// Makes an environment.
  ///
  /// - Parameter moduleFolders: Where `require` finds `NAME.lua` and `NAME/init.lua`, below the files' roots.
  /// - Parameter seed: Of the environment's `math.random`.
  /// - Throws: ``LuaError`` when there is not enough memory.
  public init(
    _ lua: LuaState, files: FileRoots, budget: LuaBudget = LuaBudget(), moduleFolders: [String] = [],
    output: Output = .standardOutput, seed: Int = 1
  ) throws {
    scope = Scoped(files)
    self.budget = budget
    modules = ModuleFolders(moduleFolders)
    owner = lua.owner
    environment = try Self.makeEnvironment(
      lua, [Self.resolver(scope), Self.finder(scope, modules)], output: output, seed: seed)
  }

  deinit { owner.lua?.drop(environment) }

  /// Runs a chunk of text within the budget and returns the first value it returns.
  ///
  /// - Parameter name: `@path` for a file, so that messages say `path:line:`.
  /// - Throws: ``LuaError``; its kind says which limit was met.
  public func run(_ text: [UInt8], name: String) throws -> LuaValue {
    guard let lua = owner.lua else { throw LuaUsageError("the Lua state of this sandbox is closed") }
    return try lua.entering(self) { try lua.evaluate(text, name: name) }
  }

  /// Runs `body` while its code may use other files.
  public func using<Result>(_ files: FileRoots, _ body: () throws -> Result) rethrows -> Result {
    try scope.having(files, body)
  }

  /// Adds files to those that its code may use.
  ///
  /// - Throws: ``LuaUsageError`` for one that the code that runs now may not use itself.
  public func handing(read: [String], write: [String], to files: FileRoots) throws -> FileRoots {
    guard let lua = owner.lua else { return files }
    return try files.adding(
      read: read.map { try lua.path($0, for: .read) }, write: write.map { try lua.path($0, for: .write) })
  }

  /// Sets a global of the environment.
  public func setGlobal(_ name: String, _ value: LuaValue) throws {
    guard let lua = owner.lua else { return }
    aql_push_reference(lua.state, environment)
    defer { aql_pop(lua.state, 1) }
    try lua.push(value, lua.state)
    aql_raw_set_field(lua.state, -2, name)
  }

  /// Runs the library chunk with the untouched libraries, the native functions and the settings.
  private static func makeEnvironment(
    _ lua: LuaState, _ natives: [LuaFunction], output: Output, seed: Int
  ) throws -> Int32 {
    let L = aql_current(lua.state) ?? lua.state
    let text = SandboxLibrary.text
    let loaded = aql_load(L, text, text.utf8.count, "=sandbox", 0)
    guard loaded == AQL_OK else { throw lua.failure(loaded, L) }
    aql_push_libraries(L)
    for native in natives { aql_push_function(L, lua.box("", native, isMethod: false)) }
    try lua.push(.string(output.rawValue), L)
    try lua.push(.integer(seed), L)
    let called = aql_call(L, Int32(natives.count + 3), 2)
    guard called == AQL_OK else { throw lua.failure(called, L) }
    lua.protectSharedMetatables(on: L)
    return aql_reference(L)
  }

  private static func resolver(_ files: Scoped<FileRoots>) -> LuaFunction {
    LuaFunction("resolve", "Returns the real path of a file, or nil and why it may not be used.") { call in
      do {
        return .string(
          try files.value.resolve(call.string(0), for: call.value(1).text == "write" ? .write : .read))
      } catch let error as LuaUsageError {
        return .values([.nil, .string(error.description)])
      }
    }
  }

  private static func finder(_ files: Scoped<FileRoots>, _ modules: ModuleFolders) -> LuaFunction {
    LuaFunction("find_module", "Returns the real path of a module and its path as messages show it.") {
      call in
      let name = try call.string(0)
      guard let found = try modules.find(name, files.value) else {
        throw LuaUsageError(
          "module '\(name)' is not in \(modules.shown). Restricted code finds modules below its folders only."
        )
      }
      return .values([.string(found.real), .string(found.shown)])
    }
  }
}

/// A value that native functions share, and that is another one for a while.
final class Scoped<Value: Sendable>: Sendable {
  private let shared: Mutex<Value>

  init(_ value: Value) { shared = Mutex(value) }

  var value: Value { shared.withLock { $0 } }

  /// Runs `body` while the value is another.
  func having<Result>(_ value: Value, _ body: () throws -> Result) rethrows -> Result {
    let before = shared.withLock { shared in
      defer { shared = value }
      return shared
    }
    defer { shared.withLock { $0 = before } }
    return try body()
  }
}

/// The folders where a sandbox's `require` looks, in order.
final class ModuleFolders: Sendable {
  private let folders: Scoped<[String]>

  init(_ folders: [String]) { self.folders = Scoped(folders) }

  var shown: String { folders.value.isEmpty ? "any folder" : folders.value.joined(separator: ", ") }

  /// Runs `body` while a folder comes first.
  func searching<Result>(_ folder: String, _ body: () throws -> Result) rethrows -> Result {
    try folders.having([folder] + folders.value, body)
  }

  /// The file of a module with a dotted name of letters, digits and underscores.
  func find(_ name: String, _ files: FileRoots) throws -> (real: String, shown: String)? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isWord) }) else {
      throw LuaUsageError("'\(name)' is no module name; write letters, digits, _ and dots between them")
    }
    let stem = parts.joined(separator: "/")
    let candidates = folders.value.flatMap { ["\($0)/\(stem).lua", "\($0)/\(stem)/init.lua"] }
    for shown in candidates {
      if let real = try? files.resolve(shown, for: .read), FileRoots.isFile(real) { return (real, shown) }
    }
    return nil
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
