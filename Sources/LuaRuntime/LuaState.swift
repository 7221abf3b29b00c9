import CLuaShim

/// One Lua state with native modules, confined to the thread that made it.
public final class LuaState {
  let state: OpaquePointer
  let owner = Owner()
  private var boxes: [LuaBox] = []
  private var types: [ObjectIdentifier: RegisteredType] = [:]
  /// Functions of modules' sources that were found, by path.
  private var found: [String: LuaReference] = [:]
  var lastNative: (message: String, error: any Error)?
  /// What confines the code that runs; nil for the state's own code.
  public internal(set) var sandbox: LuaSandbox?
  var hidesSharedMetatables = false
  /// Takes warnings, such as those of deprecated calls; each comes once.
  public var onWarning: (String) -> Void = { _ in }
  private var warnings: Set<String> = []

  /// The way from references to their state; empty once that is closed.
  final class Owner {
    // The state clears it before it goes.
    unowned(unsafe) var lua: LuaState?
  }

  /// What a type row became: its metatable and the row.
  final class RegisteredType {
    let row: LuaType
    var metatable: Int32 = 0
    init(row: LuaType) { self.row = row }
  }

  /// Opens a state.
  ///
  /// - Parameter memoryLimit: Bytes that Lua and native objects may hold together; 0 for no limit.
  /// - Throws: ``LuaError`` of kind memory when there is not enough for the standard libraries.
  public init(memoryLimit: Int = 0) throws {
    let opened = aql_open(
      nil, memoryLimit,
      { L, box in
        guard let L, let box else { return 0 }
        // The state owns its boxes for as long as it lives.
        return Unmanaged<LuaBox>.fromOpaque(box)._withUnsafeGuaranteedRef { $0.run(L) }
      },
      { object in
        if let object { Unmanaged<AnyObject>.fromOpaque(object).release() }
      })
    guard let opened else {
      throw LuaError(kind: .memory, message: "not enough memory to start Lua", traceback: "", cause: nil)
    }
    state = opened
    owner.lua = self
  }

  deinit {
    owner.lua = nil
    aql_close(state)
  }

  /// Bytes that Lua's own values hold.
  public var luaBytes: Int { aql_lua_bytes(state) }
  /// Bytes of native objects that Lua keeps alive.
  public var nativeBytes: Int { aql_native_bytes(state) }
  /// The most that both have been together.
  public var peakBytes: Int { aql_peak_bytes(state) }
  /// Collects all garbage now.
  public func collectGarbage() { aql_collect(state) }

  /// Makes sure that native memory is allowed and there before it is allocated; collects garbage if need be.
  ///
  /// - Parameter purpose: What needs it, for the message.
  /// - Throws: ``LuaMemoryError``.
  public func reserve(bytes: Int, for purpose: String) throws {
    guard aql_reserve(state, bytes) == 0 else { throw LuaMemoryError(purpose: purpose, bytes: bytes) }
  }

  /// The linked Lua's version.
  public static var release: String { String(cString: aql_lua_release()) }

  /// Makes Ctrl-C stop the running script; `callback` runs in the signal handler and may only store a flag.
  ///
  /// - Parameter patience: How often that happens before Ctrl-C ends the process.
  public func catchInterrupts(
    _ callback: @convention(c) (UnsafeMutableRawPointer?) -> Void, _ context: UnsafeMutableRawPointer?,
    patience: Int = 1
  ) {
    aql_catch_sigint(state, callback, context, Int32(patience))
  }

  /// Gives Ctrl-C back its ordinary meaning.
  public func releaseInterrupts() { aql_release_sigint() }

  /// Asks the running script to stop, from any thread; it ends with an error of kind interrupted.
  public var interrupter: @Sendable () -> Void {
    let address = UInt(bitPattern: state)
    return { aql_interrupt(OpaquePointer(bitPattern: address)) }
  }

  /// Forgets an earlier interrupt.
  public func clearInterrupt() { aql_clear_interrupt(state) }

  // MARK: Modules

  /// Makes `require "<name>"` give a module.
  public func register(_ module: LuaModule) {
    push(module, path: module.name)
    aql_push_globals(state)
    aql_raw_get_field(state, -1, "package")
    aql_raw_get_field(state, -1, "loaded")
    aql_push_copy(state, -4)
    aql_raw_set_field(state, -2, module.name)
    aql_push_libraries(state)
    aql_raw_get_field(state, -1, "native")
    aql_push_copy(state, -6)
    aql_raw_set_field(state, -2, module.name)
    aql_pop(state, 6)
  }

  private func push(_ module: LuaModule, path: String) {
    for type in module.types { register(type) }
    aql_push_table(state, 0, Int32(module.functions.count + module.modules.count))
    for function in module.functions {
      aql_push_function(state, box("\(path).\(function.name)", function, isMethod: false))
      aql_raw_set_field(state, -2, function.name)
    }
    for submodule in module.modules {
      push(submodule, path: "\(path).\(submodule.name)")
      aql_raw_set_field(state, -2, submodule.name)
    }
    setMissingFieldHandler(of: module, path: path)
  }

  /// Makes reading an unknown field of the module on top of the stack find a plugin, or an error with the nearest name.
  private func setMissingFieldHandler(of module: LuaModule, path: String) {
    let known = module.functions.map(\.name) + module.modules.map(\.name)
    let missing = LuaFunction("__index", "") { call in
      // Argument 0 is the module's table.
      let name = call.value(1).text ?? call.value(1).shown
      if let function = try call.lua.find(name, in: module, path: path) { return .function(function) }
      let noun = module.more.map { "\($0.noun) '\(name)'" } ?? "field '\(name)'"
      throw LuaUsageError(
        "\(path) has no \(noun). \(nearest(name, among: known + (module.more?.names() ?? [])))")
    }
    aql_push_table(state, 0, 1)
    aql_push_function(state, box("", missing, isMethod: false))
    aql_raw_set_field(state, -2, "__index")
    aql_set_metatable(state, -2)
  }

  private func find(_ name: String, in module: LuaModule, path: String) throws -> LuaReference? {
    let key = "\(path).\(name)"
    if let known = found[key] { return known }
    guard let function = try module.more?.find(name, self) else { return nil }
    let made = reference(to: function, name: key)
    found[key] = made
    return made
  }

  /// Finds every function of a registered module's sources, makes them fields of its tables, and returns the module with
  /// their rows, for manuals, stubs and completion.
  ///
  /// A function that cannot be found, such as a broken plugin, is left out.
  public func expand(_ module: LuaModule) -> LuaModule {
    let L = aql_current(state) ?? state
    aql_push_globals(L)
    aql_raw_get_field(L, -1, "package")
    aql_raw_get_field(L, -1, "loaded")
    aql_raw_get_field(L, -1, module.name)
    defer { aql_pop(L, 4) }
    return expand(module, path: module.name, L)
  }

  private func expand(_ module: LuaModule, path: String, _ L: OpaquePointer) -> LuaModule {
    var result = module
    let known = Set(module.functions.map(\.name))
    for name in (module.more?.names() ?? []).sorted() where !known.contains(name) {
      guard let function = try? module.more?.find(name, self) else { continue }
      result.functions.append(function)
      let key = "\(path).\(name)"
      let made = found[key] ?? reference(to: function, name: key)
      found[key] = made
      aql_push_reference(L, made.reference)
      aql_raw_set_field(L, -2, name)
    }
    result.modules = module.modules.map { submodule in
      aql_raw_get_field(L, -1, submodule.name)
      defer { aql_pop(L, 1) }
      return expand(submodule, path: "\(path).\(submodule.name)", L)
    }
    result.more = nil
    return result
  }

  /// Makes a Lua function of a row.
  public func reference(to function: LuaFunction, name: String) -> LuaReference {
    let L = aql_current(state) ?? state
    aql_push_function(L, box(name, function, isMethod: false))
    return LuaReference(owner: owner, reference: aql_reference(L), sandbox: nil)
  }

  func box(_ name: String, _ function: LuaFunction, isMethod: Bool) -> UnsafeMutableRawPointer {
    let made = LuaBox(lua: self, name: name, function: function, isMethod: isMethod)
    boxes.append(made)
    return Unmanaged.passUnretained(made).toOpaque()
  }

  private func register(_ row: LuaType) {
    let registered = RegisteredType(row: row)
    types[row.identity] = registered
    aql_push_table(state, 0, 16)
    aql_push_string(state, row.name, row.name.utf8.count)
    aql_raw_set_field(state, -2, "__name")
    aql_set_finalizer(state, -1)
    let describe = LuaFunction("__tostring", "") { call in
      .string(try row.describe(call.anyReceiver()))
    }
    aql_push_function(state, box("tostring", describe, isMethod: true))
    aql_raw_set_field(state, -2, "__tostring")
    for (metamethod, body) in row.operators {
      aql_push_function(state, box(row.name, LuaFunction(metamethod.rawValue, "", body), isMethod: false))
      aql_raw_set_field(state, -2, metamethod.rawValue)
    }
    pushMembers(row)
    let missing = LuaFunction("__index", "") { call in
      let names = row.methods.map(\.name) + row.properties.map(\.name)
      let key = call.value(0).text ?? call.value(0).shown
      throw LuaUsageError("\(row.name) has no field '\(key)'. \(nearest(key, among: names))")
    }
    let index = row.subscripting.map { box(row.name, LuaFunction("[]", "", $0), isMethod: true) }
    aql_push_index_function(state, index, box(row.name, missing, isMethod: true))
    aql_raw_set_field(state, -2, "__index")
    registered.metatable = aql_reference(state)
  }

  private func pushMembers(_ row: LuaType) {
    aql_push_table(state, 0, Int32(row.methods.count + row.properties.count + 1))
    for method in row.methods {
      aql_push_function(state, box("\(row.name):\(method.name)", method, isMethod: true))
      aql_raw_set_field(state, -2, method.name)
    }
    for property in row.properties {
      aql_push_light(
        state,
        box("\(row.name).\(property.name)", LuaFunction(property.name, "", property.get), isMethod: true))
      aql_raw_set_field(state, -2, property.name)
    }
  }

  // MARK: Objects

  func type(of object: AnyObject) -> RegisteredType? { types[ObjectIdentifier(Swift.type(of: object))] }

  /// The mark of a class in the userdata of its objects: the address of its metadata.
  func typePointer(_ identity: ObjectIdentifier) -> UnsafeRawPointer? {
    UnsafeRawPointer(bitPattern: UInt(bitPattern: identity))
  }

  func typeName(at index: Int32, _ L: OpaquePointer) -> String? {
    aql_object_type(L, index).flatMap { row(typePointer: $0) }?.name
  }

  func row(typePointer pointer: UnsafeRawPointer) -> LuaType? {
    types.first { typePointer($0.key) == pointer }?.value.row
  }

  func typeName(_ identity: ObjectIdentifier) -> String { types[identity]?.row.name ?? "object" }

  /// Says once for each line of a script that it calls a deprecated function.
  func warnOfDeprecation(_ box: LuaBox, _ L: OpaquePointer) {
    aql_push_position(L)
    let position = string(at: -1, L) ?? ""
    aql_pop(L, 1)
    let text = "\(position)\(box.name) is deprecated; \(box.function.deprecation ?? "")"
    if warnings.insert(text).inserted { onWarning(text) }
  }

  func remember(_ error: any Error, as message: String) { lastNative = (message, error) }

  func drop(_ reference: Int32) { aql_drop_reference(state, reference) }
}
