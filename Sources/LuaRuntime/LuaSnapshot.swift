import CLuaShim

/// A Lua value as it looks from outside, read without running any code of the script.
public indirect enum LuaSnapshot {
  /// A string.
  case text(String)
  /// A value without parts, as Lua prints it, and its type: nil, booleans, numbers, coroutines, objects of C libraries.
  case plain(String, type: String)
  /// A function; its qualified name when it is one of ours.
  case function(name: String?)
  /// A native object; nil when it is closed.
  case object(AnyObject?, LuaType)
  /// Members of a table: first its list, then the other keys in unspecified order.
  case table([(key: LuaSnapshot, value: LuaSnapshot)], omitted: Int)

  /// What bounds a snapshot of tables.
  public struct Limits: Sendable {
    /// How deep tables inside tables are read; deeper ones have all their members omitted.
    public var depth: Int
    /// Members read of each table.
    public var members: Int
    /// Makes limits.
    public init(depth: Int, members: Int) {
      self.depth = depth
      self.members = members
    }
  }

  /// The type's name, as `type` or the class's row says it.
  public var typeName: String {
    switch self {
    case .text: "string"
    case .plain(_, let type): type
    case .function: "function"
    case .object(_, let row): row.name
    case .table: "table"
    }
  }
}

extension LuaReference {
  /// Reads the value within limits.
  public func snapshot(_ limits: LuaSnapshot.Limits) throws -> LuaSnapshot {
    let lua = try living()
    aql_push_reference(lua.state, reference)
    defer { aql_pop(lua.state, 1) }
    return lua.snapshot(at: -1, lua.state, limits)
  }
}

extension LuaReference {
  /// Whether it is a table that says by `__tostring` how it is shown.
  public var describesItself: Bool {
    guard let lua = owner.lua else { return false }
    aql_push_reference(lua.state, reference)
    defer { aql_pop(lua.state, 1) }
    return aql_type(lua.state, -1) == AQL_TABLE && aql_has_metafield(lua.state, -1, "__tostring") != 0
  }
}

extension LuaState {
  /// Reads a global within limits, without metamethods.
  public func global(_ name: String, _ limits: LuaSnapshot.Limits) -> LuaSnapshot {
    aql_push_globals(state)
    aql_raw_get_field(state, -1, name)
    defer { aql_pop(state, 2) }
    return snapshot(at: -1, state, limits)
  }

  func snapshot(at index: Int32, _ L: OpaquePointer, _ limits: LuaSnapshot.Limits) -> LuaSnapshot {
    switch Int(aql_type(L, index)) {
    case Int(AQL_STRING): return .text(string(at: index, L) ?? "")
    case Int(AQL_TABLE): return table(at: aql_absolute(L, index), L, limits)
    case Int(AQL_FUNCTION): return .function(name: nativeFunction(at: index, L)?.name)
    case Int(AQL_NUMBER) where aql_number(L, index).isNaN: return .plain("nan", type: "number")
    default:
      if let type = aql_object_type(L, index), let row = row(typePointer: type) {
        var found: Int32 = 0
        let object = aql_object(L, index, type, &found)
        return .object(object.map { Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() }, row)
      }
      aql_push_description(L, index)
      defer { aql_pop(L, 1) }
      return .plain(
        string(at: -1, L) ?? "", type: Self.typeNames[aql_type(L, index < 0 ? index - 1 : index)] ?? "")
    }
  }

  private static let typeNames: [Int32: String] = [
    Int32(AQL_NIL): "nil", Int32(AQL_BOOLEAN): "boolean", Int32(AQL_LIGHT): "userdata",
    Int32(AQL_NUMBER): "number", Int32(AQL_USERDATA): "userdata", Int32(AQL_THREAD): "thread",
  ]

  private func table(at index: Int32, _ L: OpaquePointer, _ limits: LuaSnapshot.Limits) -> LuaSnapshot {
    let inner = LuaSnapshot.Limits(depth: limits.depth - 1, members: limits.members)
    var members: [(key: LuaSnapshot, value: LuaSnapshot)] = []
    var omitted = 0
    aql_push_nil(L)
    while aql_next(L, index) != 0 {
      if limits.depth > 0, members.count < limits.members {
        members.append((snapshot(at: -2, L, inner), snapshot(at: -1, L, inner)))
      } else {
        omitted += 1
      }
      aql_pop(L, 1)
    }
    return .table(members, omitted: omitted)
  }
}
