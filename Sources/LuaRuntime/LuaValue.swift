/// A value that crosses the boundary between Swift and Lua.
public enum LuaValue {
  /// No result.
  case none
  /// Several results: `.values([a, b])` returns two.
  case values([LuaValue])
  case `nil`
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  /// A table with the keys 1, 2, ….
  case list([LuaValue])
  /// A table with text keys, in the order given (unspecified when read from Lua).
  case table([(key: String, value: LuaValue)])
  /// A native object; its class has a ``LuaType`` row.
  case object(AnyObject)
  /// A Lua function, kept alive.
  case function(LuaReference)

  /// The value of a key of a table.
  public subscript(_ key: String) -> LuaValue? {
    guard case .table(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The value as error messages show it: `a string "3x"`.
  public var shown: String {
    switch self {
    case .none, .values: "nothing"
    case .nil: "nil"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "a string \"\(value.prefix(40))\""
    case .list(let values): "a list of \(values.count)"
    case .table: "a table"
    case .object: "an object"
    case .function: "a function"
    }
  }

  /// The whole number, also when Lua holds it as a float such as 3.0.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The text.
  public var text: String? { if case .string(let value) = self { value } else { nil } }
  /// true or false.
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

  /// The elements of a list; an empty table is an empty list.
  public var elements: [LuaValue]? {
    switch self {
    case .list(let values): values
    case .table(let members) where members.isEmpty: []
    default: nil
    }
  }
}

/// A Lua value that Swift keeps alive, such as a callback.
///
/// Objects that Lua owns may hold references: a state that closes releases those objects last of all.
public final class LuaReference {
  let owner: LuaState.Owner
  let reference: Int32
  /// What confined the code that handed it over, and confines its calls.
  let sandbox: LuaSandbox?
  /// The native function that stands for it outside its sandbox, once one was needed.
  var proxy: LuaReference?

  init(owner: LuaState.Owner, reference: Int32, sandbox: LuaSandbox?) {
    self.owner = owner
    self.reference = reference
    self.sandbox = sandbox
  }

  deinit { owner.lua?.drop(reference) }

  /// Calls the function, on the coroutine that runs.
  ///
  /// - Throws: ``LuaError`` when the function raises, ``LuaUsageError`` when its state is closed.
  public func call(_ arguments: [LuaValue]) throws {
    try living().call(self, arguments)
  }

  /// Calls the function and returns its first result.
  ///
  /// - Throws: ``LuaError`` when the function raises, ``LuaUsageError`` when its state is closed.
  public func result(_ arguments: [LuaValue]) throws -> LuaValue { try results(arguments, count: 1)[0] }

  /// Calls the function and returns its first `count` results, `nil` where it returns fewer.
  ///
  /// - Throws: As ``result(_:)``.
  public func results(_ arguments: [LuaValue], count: Int) throws -> [LuaValue] {
    try living().results(of: self, arguments, count: count)
  }

  func living() throws -> LuaState {
    guard let lua = owner.lua else { throw LuaUsageError("the script of this function has ended") }
    return lua
  }
}

/// An error of a script, or one that a native function raised through a script.
public struct LuaError: Error, CustomStringConvertible {
  /// Why a script ended.
  public enum Kind: Sendable { case syntax, runtime, memory, interrupted, unreadable, instructions, time }
  /// Why.
  public let kind: Kind
  /// What happened, with `script:line:` in front where it is known.
  public let message: String
  /// The calls that led there, one a line; empty when there were none.
  public let traceback: String
  /// The native error behind it, when one reached the top.
  public let cause: (any Error)?

  /// The message.
  public var description: String { message }
}

/// A native error that chooses the exit code of a process it ends.
public protocol ExitCoded: Error {
  /// The code, as in `sysexits.h` where it applies.
  var exitCode: Int32 { get }
}

/// Native memory that the limit or the machine does not give.
public struct LuaMemoryError: ExitCoded, Equatable, CustomStringConvertible {
  /// What needed the memory, such as `augq.Tensor`.
  public let purpose: String
  /// The size asked for.
  public let bytes: Int
  /// Makes an error.
  public init(purpose: String, bytes: Int) {
    self.purpose = purpose
    self.bytes = bytes
  }
  /// What happened and what to do.
  public var description: String {
    "not enough memory for \(bytes) bytes of \(purpose). Raise --memory or keep less alive."
  }
  /// The code of a run that met its memory limit.
  public var exitCode: Int32 { 125 }
}

/// A wrong use of a native function by a script.
public struct LuaUsageError: Error, Equatable, CustomStringConvertible {
  /// What is wrong and what to do.
  public let description: String
  /// Makes an error.
  public init(_ description: String) { self.description = description }
}
