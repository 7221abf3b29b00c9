import CLuaShim

/// What a name of a session stands for, as far as completion and help need to know.
public enum LuaMeaning: Sendable {
  /// A table, the names of its fields, and those of them that are functions.
  case table(fields: [String], functions: [String])
  /// A native function and its qualified name.
  case function(LuaFunction, name: String)
  /// A native object.
  case object(LuaType)
  /// A string.
  case text
  /// Anything else; nothing is known of its parts.
  case other
}

extension LuaState {
  /// What a path of fields that begins at a global stands for; nil when there is no such value.
  ///
  /// No metamethod runs. Fields of native objects are not followed: their class's row says what they are.
  public func meaning(of path: [String]) -> LuaMeaning? {
    aql_push_globals(state)
    var depth: Int32 = 1
    defer { aql_pop(state, depth) }
    for name in path {
      guard aql_type(state, -1) == AQL_TABLE else { return nil }
      aql_raw_get_field(state, -1, name)
      depth += 1
    }
    return meaning(at: -1, state)
  }

  private func meaning(at index: Int32, _ L: OpaquePointer) -> LuaMeaning? {
    switch Int(aql_type(L, index)) {
    case Int(AQL_NIL): return nil
    case Int(AQL_STRING): return .text
    case Int(AQL_TABLE): return fields(at: aql_absolute(L, index), L)
    case Int(AQL_FUNCTION):
      return nativeFunction(at: index, L).map { .function($0.function, name: $0.name) } ?? .other
    default:
      return aql_object_type(L, index).flatMap { row(typePointer: $0) }.map { .object($0) } ?? .other
    }
  }

  private func fields(at index: Int32, _ L: OpaquePointer) -> LuaMeaning {
    var (fields, functions): ([String], [String]) = ([], [])
    aql_push_nil(L)
    while aql_next(L, index) != 0 {
      if let name = string(at: -2, L) {
        fields.append(name)
        if aql_type(L, -1) == AQL_FUNCTION { functions.append(name) }
      }
      aql_pop(L, 1)
    }
    return .table(fields: fields.sorted(), functions: functions.sorted())
  }

  /// The row behind a native function and its qualified name, such as `augq.Tensor:sum`.
  func nativeFunction(at index: Int32, _ L: OpaquePointer) -> (function: LuaFunction, name: String)? {
    aql_function_box(L, index).map {
      let box = Unmanaged<LuaBox>.fromOpaque($0).takeUnretainedValue()
      return (box.function, box.name)
    }
  }
}
