import CLuaShim

extension LuaState {
  /// Runs a chunk of text.
  ///
  /// - Parameter name: `@path` for a file, so that messages say `path:line:`.
  /// - Throws: ``LuaError``.
  public func run(_ text: String, name: String) throws {
    _ = try evaluate(Array(text.utf8), name: name)
  }

  /// Runs a chunk as it stands in a file: its strings may hold any bytes.
  ///
  /// - Throws: ``LuaError``.
  public func run(bytes: [UInt8], name: String) throws {
    _ = try evaluate(bytes, name: name)
  }

  /// Runs a chunk of text and returns the first value it returns.
  ///
  /// - Throws: ``LuaError``.
  public func evaluate(_ text: String, name: String) throws -> LuaValue {
    try evaluate(Array(text.utf8), name: name)
  }

  /// Runs a chunk of data, which sees no global, and returns the first value it returns.
  ///
  /// - Throws: ``LuaError``; a name that the chunk reads or calls is nil.
  public func evaluateData(_ text: String, name: String) throws -> LuaValue {
    try evaluate(Array("local _ENV = {}; \(text)".utf8), name: name)
  }

  /// Runs a chunk as it stands in a file and returns the first value it returns.
  ///
  /// - Throws: ``LuaError``.
  public func evaluate(_ bytes: [UInt8], name: String) throws -> LuaValue {
    let status = bytes.withUnsafeBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) {
        aql_load(state, $0.baseAddress, $0.count, name, sandbox?.environment ?? 0)
      }
    }
    guard status == AQL_OK else { throw failure(status, state) }
    let called = aql_call(state, 0, 1)
    guard called == AQL_OK else { throw failure(called, state) }
    defer { aql_pop(state, 1) }
    return try value(at: -1, state)
  }

  /// Runs `body` while a sandbox, or nothing, confines what it runs; a new budget begins unless it is in force already.
  func entering<Result>(_ sandbox: LuaSandbox?, _ body: () throws -> Result) rethrows -> Result {
    guard sandbox !== self.sandbox else { return try body() }
    let outer = self.sandbox
    return try within(sandbox?.budget ?? LuaBudget(), isConfined: sandbox != nil) {
      self.sandbox = sandbox
      defer { self.sandbox = outer }
      return try body()
    }
  }

  /// Runs `body` within a budget.
  public func within<Result>(_ budget: LuaBudget, _ body: () throws -> Result) rethrows -> Result {
    try within(budget, isConfined: sandbox != nil, body)
  }

  private func within<Result>(
    _ budget: LuaBudget, isConfined: Bool, _ body: () throws -> Result
  ) rethrows -> Result {
    var scope = aql_scope()
    var given = aql_budget(
      instructions: Int64(budget.instructions), seconds: budget.seconds, memory: budget.memory)
    aql_enter(state, &given, isConfined ? 1 : 0, &scope)
    defer { aql_leave(state, &scope) }
    return try body()
  }

  /// Gives strings the methods on top of the stack in confined code, once; pops them.
  func protectSharedMetatables(on L: OpaquePointer) {
    if hidesSharedMetatables { return aql_pop(L, 1) }
    aql_protect_shared_metatables(L)
    hidesSharedMetatables = true
  }

  /// The real path of a file that the running code names; as given when nothing confines it.
  ///
  /// - Throws: ``LuaUsageError`` for a path outside the sandbox's folders.
  public func path(_ path: String, for access: FileRoots.Access) throws -> String {
    try sandbox?.files.resolve(path, for: access) ?? path
  }

  /// Runs `body` while `require` looks for modules in a folder first.
  public func searching<Result>(_ folder: String, _ body: () throws -> Result) throws -> Result {
    if let sandbox { return try sandbox.modules.searching(folder, body) }
    let before = try exchangeModulePath { "\(folder)/?.lua;\($0)" }
    defer { _ = try? exchangeModulePath { _ in before } }
    return try body()
  }

  /// Changes `package.path` and returns what it was.
  private func exchangeModulePath(_ change: (String) -> String) throws -> String {
    let L = aql_current(state) ?? state
    aql_push_globals(L)
    aql_raw_get_field(L, -1, "package")
    defer { aql_pop(L, 2) }
    // A script may have overwritten it.
    guard aql_type(L, -1) == AQL_TABLE else {
      throw LuaUsageError("the global 'package' is no table any more")
    }
    aql_raw_get_field(L, -1, "path")
    let before = string(at: -1, L) ?? ""
    aql_pop(L, 1)
    push(change(before), L)
    aql_raw_set_field(L, -2, "path")
    return before
  }

  /// Sets a global.
  public func setGlobal(_ name: String, _ value: LuaValue) throws {
    aql_push_globals(state)
    defer { aql_pop(state, 1) }
    try push(value, state)
    aql_raw_set_field(state, -2, name)
  }

  func call(_ function: LuaReference, _ arguments: [LuaValue]) throws {
    _ = try entering(function.sandbox) { try start(function, arguments, results: 0) }
  }

  /// Calls a function and returns its first `count` results, `nil` where it returns fewer.
  func results(of function: LuaReference, _ arguments: [LuaValue], count: Int) throws -> [LuaValue] {
    try entering(function.sandbox) {
      let L = try start(function, arguments, results: Int32(count))
      defer { aql_pop(L, Int32(count)) }
      return try (0..<count).map { try value(at: Int32($0 - count), L) }
    }
  }

  /// Calls a function and leaves its results on the stack that is returned.
  @discardableResult
  func start(
    _ function: LuaReference, _ arguments: [LuaValue], results: Int32
  ) throws -> OpaquePointer {
    let L = aql_current(state) ?? state
    aql_push_reference(L, function.reference)
    var count: Int32 = 0
    for argument in arguments { count += try push(argument, L) }
    let status = aql_call(L, count, results)
    guard status == AQL_OK else { throw failure(status, L) }
    return L
  }

  /// Takes the error text off the stack.
  func failure(_ status: Int32, _ L: OpaquePointer) -> LuaError {
    let text = string(at: -1, L) ?? "unknown error"
    aql_pop(L, 1)
    let marker = "\nstack traceback:\n"
    let cut = text.utf8.count > 0 ? text.range(ofFirst: marker) : nil
    let message = cut.map { String(text[..<$0.lowerBound]) } ?? text
    let traceback = cut.map { String(text[$0.upperBound...]) } ?? ""
    let kind: LuaError.Kind =
      switch status {
      case Int32(AQL_SYNTAX): .syntax
      case Int32(AQL_MEMORY): .memory
      case Int32(AQL_INTERRUPTED): .interrupted
      case Int32(AQL_INSTRUCTIONS): .instructions
      case Int32(AQL_TIME): .time
      default: message.hasSuffix("not enough memory") ? .memory : .runtime
      }
    let cause = lastNative.flatMap { message.hasSuffix($0.message) ? $0.error : nil }
    return LuaError(kind: kind, message: message, traceback: traceback, cause: cause)
  }
}

extension String {
  /// The range of the first occurrence of a text.
  func range(ofFirst other: String) -> Range<String.Index>? {
    var start = startIndex
    while let candidate = self[start...].firstIndex(of: other.first ?? " ") {
      if self[candidate...].hasPrefix(other) { return candidate..<index(candidate, offsetBy: other.count) }
      start = index(after: candidate)
    }
    return nil
  }
}
