/// A table of native functions that scripts reach by `require`.
public struct LuaModule: Sendable {
  /// The name: `augq` for the root, the field's name for a submodule.
  public let name: String
  /// What it is for.
  public let summary: String
  /// Its functions.
  public var functions: [LuaFunction]
  /// Its submodules.
  public var modules: [LuaModule]
  /// The classes of objects it makes.
  public var types: [LuaType]
  /// Finds a function that is not in the table, such as a plugin; scripts that ask for an unknown one get an error.
  public var more: FunctionSource?

  /// Where functions come from that are found when they are asked for.
  public struct FunctionSource: Sendable {
    /// Finds a function; `nil` when there is none of the name.
    public let find: @Sendable (_ name: String, _ lua: LuaState) throws -> LuaFunction?
    /// Names it knows, for messages and completion.
    public let names: @Sendable () -> [String]
    /// What an unknown name is called in messages, such as `a granularity`.
    public let noun: String

    /// Makes a source.
    public init(
      noun: String, names: @escaping @Sendable () -> [String],
      find: @escaping @Sendable (_ name: String, _ lua: LuaState) throws -> LuaFunction?
    ) {
      self.noun = noun
      self.names = names
      self.find = find
    }
  }

  /// Makes a module.
  public init(
    _ name: String, _ summary: String, functions: [LuaFunction] = [], modules: [LuaModule] = [],
    types: [LuaType] = [], more: FunctionSource? = nil
  ) {
    self.name = name
    self.summary = summary
    self.functions = functions
    self.modules = modules
    self.types = types
    self.more = more
  }
}

/// One native function: what scripts may pass, what they get, and the closure behind it.
public struct LuaFunction: Sendable {
  /// The closure; reads its arguments from the call.
  public typealias Body = @Sendable (LuaCall) throws -> LuaValue

  /// The name.
  public let name: String
  /// One line for the manual.
  public let summary: String
  /// The positional arguments.
  public let parameters: [LuaParameter]
  /// The keys of the last argument, a table; empty when there is none.
  public let options: [LuaOption]
  /// What it returns, as a LuaCATS type.
  public let returns: String?
  /// What to call instead, and which version drops the function.
  ///
  /// Calls warn once per line; `nil` for a function in good standing.
  public let deprecation: String?
  let body: Body

  /// Makes a row.
  public init(
    _ name: String, _ summary: String, parameters: [LuaParameter] = [], options: [LuaOption] = [],
    returns: String? = nil, deprecation: String? = nil, _ body: @escaping Body
  ) {
    self.deprecation = deprecation
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.options = options
    self.returns = returns
    self.body = body
  }
}

/// One positional argument.
public struct LuaParameter: Sendable {
  /// The name.
  public let name: String
  /// The LuaCATS type, such as `integer`, `string`, `augq.Model`.
  public let type: String
  /// One line for the manual.
  public let summary: String
  /// Whether it may be left out.
  public let isOptional: Bool

  /// Makes a row.
  public init(_ name: String, _ type: String, _ summary: String, optional: Bool = false) {
    self.name = name
    self.type = type
    self.summary = summary
    isOptional = optional
  }
}

/// One key of an options table.
public struct LuaOption: Sendable {
  /// What values a key takes.
  public enum Kind: Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case string
    /// The path of a file or folder that the function reads or writes.
    case path(FileRoots.Access)
    /// One of some names.
    case name([String])
    /// A list of numbers.
    case numbers
    /// A function.
    case function
    /// An object of one of the classes, by Lua name.
    case object([String])
    /// Anything; the closure checks.
    case any(String)
  }
  /// The key.
  public let name: String
  /// What values it takes.
  public let kind: Kind
  /// The value when the key is absent, as the manual shows it; `nil` when the key must be given.
  public let defaultText: String?
  /// One line for the manual.
  public let summary: String

  /// Makes a row.
  public init(_ name: String, _ kind: Kind, default defaultText: String? = "nil", _ summary: String) {
    self.name = name
    self.kind = kind
    self.defaultText = defaultText
    self.summary = summary
  }
}

/// A class of native objects: methods, properties, operators.
public struct LuaType: Sendable {
  /// An operator or protocol of Lua's metatables.
  public enum Metamethod: String, Sendable {
    case add = "__add"
    case subtract = "__sub"
    case multiply = "__mul"
    case divide = "__div"
    case negate = "__unm"
    case equal = "__eq"
    case length = "__len"
    case call = "__call"
    case newIndex = "__newindex"
  }

  /// The name in messages and stubs, such as `augq.Tensor`.
  public let name: String
  /// What it is.
  public let summary: String
  let identity: ObjectIdentifier
  /// Functions called with `object:name(…)`; argument 0 is behind the object.
  public let methods: [LuaFunction]
  /// Values read with `object.name`.
  public let properties: [LuaProperty]
  /// Operators; their arguments are counted from 0, objects included.
  public let operators: [(metamethod: Metamethod, body: LuaFunction.Body)]
  /// Reads `object[i]` for keys that are not texts; argument 0 is the key.
  let subscripting: LuaFunction.Body?
  let describe: @Sendable (AnyObject) -> String
  let inspect: @Sendable (AnyObject) -> String
  let byteCount: @Sendable (AnyObject) -> Int

  /// Makes a row for a class.
  ///
  /// - Parameters:
  ///   - description: One line, for `tostring`.
  ///   - inspection: What the REPL prints, several lines at most; the description when there is none.
  public init<Object: AnyObject>(
    _ name: String, _ summary: String, for class: Object.Type, methods: [LuaFunction] = [],
    properties: [LuaProperty] = [], operators: [(metamethod: Metamethod, body: LuaFunction.Body)] = [],
    subscripting: LuaFunction.Body? = nil, bytes: @escaping @Sendable (Object) -> Int = { _ in 0 },
    description: @escaping @Sendable (Object) -> String,
    inspection: (@Sendable (Object) -> String)? = nil
  ) {
    self.name = name
    self.summary = summary
    identity = ObjectIdentifier(`class`)
    self.methods = methods
    self.properties = properties
    self.operators = operators
    self.subscripting = subscripting
    describe = { ($0 as? Object).map(description) ?? name }
    inspect = { ($0 as? Object).map(inspection ?? description) ?? name }
    byteCount = { ($0 as? Object).map(bytes) ?? 0 }
  }

  /// One line about an object of the class.
  public func description(of object: AnyObject) -> String { describe(object) }
  /// What the REPL prints of an object of the class.
  public func inspection(of object: AnyObject) -> String { inspect(object) }
}

/// A value that scripts read from an object.
public struct LuaProperty: Sendable {
  /// The name.
  public let name: String
  /// The LuaCATS type.
  public let type: String
  /// One line for the manual.
  public let summary: String
  let get: LuaFunction.Body

  /// Makes a row; the closure finds the object with ``LuaCall/receiver(_:)``.
  public init(_ name: String, _ type: String, _ summary: String, _ get: @escaping LuaFunction.Body) {
    self.name = name
    self.type = type
    self.summary = summary
    self.get = get
  }
}
