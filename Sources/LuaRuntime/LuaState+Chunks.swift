import CLuaShim

extension LuaState {
  /// Compiles a chunk of text without running it.
  ///
  /// - Parameter name: `@path` for a file, `=name` for other text.
  /// - Throws: ``LuaError`` of kind syntax; ``LuaError/isIncomplete`` tells whether more text could repair it.
  public func compile(_ text: String, name: String) throws -> LuaReference {
    var text = text
    let status = text.withUTF8 { buffer in
      buffer.withMemoryRebound(to: CChar.self) {
        aql_load(state, $0.baseAddress, $0.count, name, sandbox?.environment ?? 0)
      }
    }
    guard status == AQL_OK else { throw failure(status, state) }
    return LuaReference(owner: owner, reference: aql_reference(state), sandbox: sandbox)
  }
}

extension LuaError {
  /// Whether the text of the chunk ended too early; no further line closes a short string.
  public var isIncomplete: Bool {
    kind == .syntax && message.hasSuffix("<eof>") && !message.hasSuffix("unfinished string near <eof>")
  }
}

extension LuaReference {
  /// Calls the function and keeps all its results.
  ///
  /// - Throws: ``LuaError`` when the function raises, ``LuaUsageError`` when its state is closed.
  public func results(_ arguments: [LuaReference] = []) throws -> [LuaReference] {
    let lua = try living()
    return try lua.entering(sandbox) {
      let before = aql_top(aql_current(lua.state) ?? lua.state)
      let L = try lua.start(self, arguments.map { .function($0) }, results: -1)
      let count = aql_top(L) - before
      return (0..<count).map { _ in
        LuaReference(owner: owner, reference: aql_reference(L), sandbox: lua.sandbox)
      }.reversed()
    }
  }
}
