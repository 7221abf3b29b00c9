import LuaRuntime
import Synchronization

/// An object whose instances are counted.
final class Counted {
  static let live = Mutex(0)
  let bytes: Int
  init(bytes: Int) {
    self.bytes = bytes
    Self.live.withLock { $0 += 1 }
  }
  deinit { Self.live.withLock { $0 -= 1 } }
}

struct Refusal: ExitCoded, Equatable, CustomStringConvertible {
  let description: String
  let exitCode: Int32
}

/// A module with one function of every kind the tests need.
enum Fixture {
  static let module = LuaModule(
    "host", "Functions for tests.",
    functions: [
      LuaFunction("new", "Makes an object.", parameters: [LuaParameter("bytes", "integer", "native size")]) {
        call in
        .object(Counted(bytes: try call.integer(0, in: 0...Int.max)))
      },
      LuaFunction("old", "Was here first.", deprecation: "call host.live; version 2 drops it") { _ in .none },
      LuaFunction("live", "Counts live objects.") { _ in .integer(Counted.live.withLock { $0 }) },
      LuaFunction("fail", "Fails while objects are alive.") { _ in
        let held = (0..<5).map { _ in Counted(bytes: 0) }
        defer { withExtendedLifetime(held) {} }
        throw Refusal(description: "refused", exitCode: 65)
      },
      LuaFunction("integer", "Returns an integer.", parameters: [LuaParameter("n", "integer", "a number")]) {
        call in
        .integer(try call.integer(0))
      },
      LuaFunction(
        "configure", "Reads options.", parameters: [LuaParameter("options", "table", "options")],
        options: [
          LuaOption("bits", .integer(1...8), default: nil, "bits"),
          LuaOption("mode", .name(["clamp", "published"]), default: "\"clamp\"", "mode"),
          LuaOption("share", .number(0...1), default: "1", "share"),
          LuaOption("verbose", .boolean, default: "false", "talk"),
        ]
      ) { call in .integer(try call.options(0).integer("bits") ?? 0) },
      LuaFunction("echo", "Returns its argument.", parameters: [LuaParameter("value", "any", "anything")]) {
        call in
        call.value(0)
      },
      LuaFunction(
        "twice", "Calls a function twice.", parameters: [LuaParameter("f", "function", "a function")]
      ) { call in
        let function = try call.function(0)
        try function.call([.integer(1)])
        try function.call([.integer(2)])
        return .none
      },
    ],
    types: [
      LuaType(
        "host.Counted", "An object.", for: Counted.self,
        methods: [
          LuaFunction("size", "Returns the size.", returns: "integer") {
            .integer(try $0.receiver(Counted.self).bytes)
          }
        ],
        properties: [
          LuaProperty("bytes", "integer", "size") { .integer(try $0.receiver(Counted.self).bytes) }
        ],
        operators: [
          (.add, { .integer(try $0.object(Counted.self, 0).bytes + $0.object(Counted.self, 1).bytes) })
        ],
        bytes: { $0.bytes }, description: { "Counted of \($0.bytes) bytes" })
    ])

  /// A state with the module.
  static func state(memoryLimit: Int = 0) throws -> LuaState {
    let lua = try LuaState(memoryLimit: memoryLimit)
    lua.register(module)
    try lua.run("host = require 'host'", name: "=setup")
    return lua
  }

  /// The error a script ends with.
  static func error(_ script: String, memoryLimit: Int = 0) throws -> LuaError? {
    do {
      let lua = try state(memoryLimit: memoryLimit)
      try withExtendedLifetime(lua) { try lua.run(script, name: "@dir/script.lua") }
      return nil
    } catch let error as LuaError {
      return error
    }
  }
}
