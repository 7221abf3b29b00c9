import CLuaShim

/// A function of a sandbox; it runs on the thread of its state, as everything that calls it does.
private struct ConfinedCall: @unchecked Sendable { let function: LuaReference }

extension LuaState {
  /// Pushes one value (several or nothing for `.values`) and returns how many.
  @discardableResult
  func push(_ value: LuaValue, _ L: OpaquePointer) throws -> Int32 {
    switch value {
    case .none: return 0
    case .values(let values): return try values.reduce(0) { try $0 + push($1, L) }
    case .nil: aql_push_nil(L)
    case .boolean(let value): aql_push_boolean(L, value ? 1 : 0)
    case .integer(let value): aql_push_integer(L, Int64(value))
    case .number(let value): aql_push_number(L, value)
    case .string(let text): push(text, L)
    case .list(let values):
      aql_push_table(L, Int32(truncatingIfNeeded: values.count), 0)
      for (index, value) in values.enumerated() {
        try push(value, L)
        aql_raw_set_index(L, -2, Int64(index + 1))
      }
    case .table(let members):
      aql_push_table(L, 0, Int32(truncatingIfNeeded: members.count))
      for (key, value) in members {
        try push(value, L)
        aql_raw_set_field(L, -2, key)
      }
    case .object(let object): try push(object, L)
    case .function(let function):
      // What a sandbox hands out keeps it, whoever calls it.
      let isForeign = function.sandbox != nil && function.sandbox !== sandbox
      aql_push_reference(L, (isForeign ? confined(function) : function).reference)
    }
    return 1
  }

  /// A native function that calls one of a sandbox there; it gives the first result.
  private func confined(_ function: LuaReference) -> LuaReference {
    if let made = function.proxy { return made }
    let body = ConfinedCall(function: function)
    let made = reference(
      to: LuaFunction("", "") { call in
        try body.function.result((0..<call.count).map { try call.read($0) })
      }, name: "")
    function.proxy = made
    return made
  }

  func push(_ text: String, _ L: OpaquePointer) {
    var text = text
    text.withUTF8 { buffer in
      buffer.withMemoryRebound(to: CChar.self) { aql_push_string(L, $0.baseAddress, $0.count) }
    }
  }

  private func push(_ object: AnyObject, _ L: OpaquePointer) throws {
    guard let type = type(of: object) else {
      preconditionFailure("\(Swift.type(of: object)) has no LuaType row")
    }
    let bytes = type.row.byteCount(object)
    let retained = Unmanaged.passRetained(object)
    let key = typePointer(ObjectIdentifier(Swift.type(of: object)))
    guard aql_push_object(L, retained.toOpaque(), key, bytes, type.metatable) == 0 else {
      retained.release()
      throw LuaMemoryError(purpose: type.row.name, bytes: bytes)
    }
  }

  /// Reads a slot; tables are read whole, up to 16 deep.
  func value(at index: Int32, _ L: OpaquePointer, depth: Int = 0) throws -> LuaValue {
    switch Int(aql_type(L, index)) {
    case Int(AQL_BOOLEAN): return .boolean(aql_boolean(L, index) != 0)
    case Int(AQL_NUMBER):
      return aql_is_integer(L, index) != 0
        ? .integer(Int(aql_integer(L, index))) : .number(aql_number(L, index))
    case Int(AQL_STRING): return .string(string(at: index, L) ?? "")
    case Int(AQL_TABLE): return try table(at: aql_absolute(L, index), L, depth: depth)
    case Int(AQL_FUNCTION):
      aql_push_copy(L, index)
      return .function(LuaReference(owner: owner, reference: aql_reference(L), sandbox: sandbox))
    case Int(AQL_USERDATA): return object(at: index, L).map { .object($0) } ?? .nil
    default: return .nil
    }
  }

  private func object(at index: Int32, _ L: OpaquePointer) -> AnyObject? {
    guard let type = aql_object_type(L, index) else { return nil }
    var found: Int32 = 0
    return aql_object(L, index, type, &found).map {
      Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue()
    }
  }

  func string(at index: Int32, _ L: OpaquePointer) -> String? {
    var length = 0
    guard let bytes = aql_string(L, index, &length) else { return nil }
    return UnsafeRawBufferPointer(start: bytes, count: length).withMemoryRebound(to: UInt8.self) {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private func table(at index: Int32, _ L: OpaquePointer, depth: Int) throws -> LuaValue {
    guard depth < 16 else { throw LuaUsageError("a table is nested more than 16 deep, or holds itself") }
    let count = aql_length(L, index)
    var list: [LuaValue] = []
    var members: [(key: String, value: LuaValue)] = []
    for position in 0..<count {
      aql_raw_get_index(L, index, Int64(position + 1))
      defer { aql_pop(L, 1) }
      list.append(try value(at: -1, L, depth: depth + 1))
    }
    aql_push_nil(L)
    while aql_next(L, index) != 0 {
      defer { aql_pop(L, 1) }
      guard let key = string(at: -2, L) else { continue }
      members.append((key, try value(at: -1, L, depth: depth + 1)))
    }
    if members.isEmpty { return .list(list) }
    return .table(members + list.enumerated().map { (key: "\($0.offset + 1)", value: $0.element) })
  }
}
