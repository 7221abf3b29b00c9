import CLuaShim

/// A native function that Lua can call: the row, its place in the module tree, its state.
final class LuaBox {
  // The state owns its boxes and runs them only while it lives; a checked reference costs 5 ns a call.
  unowned(unsafe) let lua: LuaState
  let name: String
  let function: LuaFunction
  let isMethod: Bool
  private let body: LuaFunction.Body
  private let isDeprecated: Bool

  init(lua: LuaState, name: String, function: LuaFunction, isMethod: Bool) {
    self.lua = lua
    self.name = name
    self.function = function
    self.isMethod = isMethod
    body = function.body
    isDeprecated = function.deprecation != nil
  }

  /// Runs the closure; returns the number of results, or -1 with the error's text on the stack.
  func run(_ L: OpaquePointer) -> Int32 {
    let call = LuaCall(box: self, L: L)
    if isDeprecated { lua.warnOfDeprecation(self, L) }
    do {
      let result = try body(call)
      if case .none = result { return 0 }
      return try lua.push(result, L)
    } catch {
      let message = (error as? LuaError)?.message ?? "\(error)"
      let text =
        error is LuaUsageError && !name.isEmpty && isArgumentError(message) ? "\(name): \(message)" : message
      lua.remember((error as? LuaError)?.cause ?? error, as: text)
      lua.push(text, L)
      return -1
    }
  }

  private func isArgumentError(_ message: String) -> Bool {
    message.hasPrefix("argument") || message.hasPrefix("option")
  }
}

/// One call of a native function by a script: its arguments, typed on the way in.
///
/// Arguments count from 0; for methods, argument 0 is the first behind the object.
public struct LuaCall {
  // Its state owns the box: counting references would cost more than the call.
  unowned(unsafe) let box: LuaBox
  let L: OpaquePointer

  /// The state that calls.
  public var lua: LuaState { box.lua }

  private func slot(_ index: Int) -> Int32 { Int32(index) + (box.isMethod ? 2 : 1) }

  /// The number of arguments.
  public var count: Int { max(0, Int(aql_top(L)) - (box.isMethod ? 1 : 0)) }

  /// Whether an argument is absent or nil.
  public func isAbsent(_ index: Int) -> Bool { aql_type(L, slot(index)) <= AQL_NIL }

  /// An argument as it is; nil when absent or unreadable.
  public func value(_ index: Int) -> LuaValue { (try? lua.value(at: slot(index), L)) ?? .nil }

  /// An argument as it is.
  ///
  /// - Throws: ``LuaUsageError`` for a table that is nested too deep or holds itself.
  public func read(_ index: Int) throws -> LuaValue { try lua.value(at: slot(index), L) }

  /// Makes the error of an argument that has the wrong type.
  public func wrong(_ index: Int, _ expected: String) -> LuaUsageError {
    let name =
      box.function.parameters.indices.contains(index) ? " (\(box.function.parameters[index].name))" : ""
    let shown = lua.typeName(at: slot(index), L).map(withArticle) ?? value(index).shown
    return LuaUsageError("argument \(index + 1)\(name) is \(shown); expected \(expected)")
  }

  /// A whole number.
  public func integer(_ index: Int, in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int {
    guard let value = try read(index).integer, range.contains(value) else {
      throw wrong(
        index,
        range == Int.min...Int.max
          ? "an integer" : "an integer in \(range.lowerBound) ... \(range.upperBound)")
    }
    return value
  }

  /// A number.
  public func number(_ index: Int) throws -> Double {
    guard let value = try read(index).number else { throw wrong(index, "a number") }
    return value
  }

  /// A text.
  public func string(_ index: Int) throws -> String {
    guard let value = lua.string(at: slot(index), L) else { throw wrong(index, "a string") }
    return value
  }

  /// The path of a file or folder, made real and checked when a sandbox confines the caller.
  public func path(_ index: Int, for access: FileRoots.Access) throws -> String {
    try lua.path(string(index), for: access)
  }

  /// A list of whole numbers.
  public func integers(_ index: Int) throws -> [Int] {
    let elements = try read(index).elements ?? []
    let values = elements.compactMap(\.integer)
    guard !elements.isEmpty, values.count == elements.count else { throw wrong(index, "a list of integers") }
    return values
  }

  /// A list of numbers.
  public func numbers(_ index: Int) throws -> [Double] {
    guard let elements = try read(index).elements else { throw wrong(index, "a list of numbers") }
    let values = elements.compactMap(\.number)
    guard values.count == elements.count else { throw wrong(index, "a list of numbers") }
    return values
  }

  /// A function.
  public func function(_ index: Int) throws -> LuaReference {
    guard case .function(let reference) = try read(index) else { throw wrong(index, "a function") }
    return reference
  }

  /// The object a method or property is called on.
  @inlinable
  public func receiver<Object: AnyObject>(_ type: Object.Type) throws -> Object {
    // The userdata's type key was compared with this class's: no dynamic cast is needed, here and below.
    unsafeDowncast(try receiver(of: ObjectIdentifier(type)), to: type)
  }

  @usableFromInline
  func receiver(of type: ObjectIdentifier) throws -> AnyObject {
    if let object = try object(of: type, slot: 1) { return object }
    throw LuaUsageError("argument 1 is not \(withArticle(lua.typeName(type))); call methods with ':'")
  }

  func anyReceiver() throws -> AnyObject {
    guard case .object(let object) = try lua.value(at: 1, L) else {
      throw LuaUsageError("the object is closed")
    }
    return object
  }

  /// An object argument.
  @inlinable
  public func object<Object: AnyObject>(_ type: Object.Type, _ index: Int) throws -> Object {
    unsafeDowncast(try object(of: ObjectIdentifier(type), index), to: type)
  }

  /// An object argument; nil when it is of another type.
  @inlinable
  public func optionalObject<Object: AnyObject>(_ type: Object.Type, _ index: Int) throws -> Object? {
    try optionalObject(of: ObjectIdentifier(type), index).map { unsafeDowncast($0, to: type) }
  }

  @usableFromInline
  func object(of type: ObjectIdentifier, _ index: Int) throws -> AnyObject {
    if let object = try object(of: type, slot: slot(index)) { return object }
    throw wrong(index, withArticle(lua.typeName(type)))
  }

  @usableFromInline
  func optionalObject(of type: ObjectIdentifier, _ index: Int) throws -> AnyObject? {
    try object(of: type, slot: slot(index))
  }

  private func object(of type: ObjectIdentifier, slot: Int32) throws -> AnyObject? {
    var found: Int32 = 0
    if let pointer = aql_object(L, slot, lua.typePointer(type), &found) {
      return Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue()
    }
    if found == 2 { throw LuaUsageError("the \(lua.typeName(type)) is closed; it cannot be used any more") }
    return nil
  }

  /// The options table, checked against the function's rows; `index` is its place among the arguments.
  ///
  /// - Throws: ``LuaUsageError`` that names an unknown key's nearest neighbour, or key, value and allowed range.
  public func options(_ index: Int) throws -> LuaOptions {
    let given = try lua.value(at: slot(index), L)
    switch given {
    case .table(let members): return try LuaOptions(members, rows: box.function.options, lua)
    case .nil, .none, .values: return try LuaOptions([], rows: box.function.options, lua)
    case .list(let values) where values.isEmpty: return try LuaOptions([], rows: box.function.options, lua)
    default: throw wrong(index, "a table of options")
    }
  }
}
