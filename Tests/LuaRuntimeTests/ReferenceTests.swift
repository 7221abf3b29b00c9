import LuaRuntime
import Testing

@Suite struct ReferenceTests {
  private final class Holder {
    let callback: LuaReference
    init(_ callback: LuaReference) { self.callback = callback }
  }

  private static let module = LuaModule(
    "keep", "Keeps callbacks.",
    functions: [
      LuaFunction(
        "hold", "Holds a function.", parameters: [LuaParameter("f", "function", "a function")]
      ) { call in .object(Holder(try call.function(0))) }
    ],
    types: [
      LuaType(
        "keep.Holder", "Holds a function.", for: Holder.self,
        methods: [
          LuaFunction("fire", "Calls the function.") { call in
            try call.receiver(Holder.self).callback.call([])
            return .none
          }
        ], description: { _ in "Holder" })
    ])

  @Test func objectsThatHoldCallbacksOutliveTheScript() throws {
    let lua = try LuaState()
    lua.register(Self.module)

    try lua.run("held = require 'keep'.hold(function() end)", name: "@a.lua")
  }

  @Test func callbacksRunOnTheCoroutineThatCalls() throws {
    let lua = try LuaState()
    lua.register(Self.module)

    try lua.run(
      """
      local seen
      local held = require "keep".hold(function() seen = coroutine.running() end)
      local worker = coroutine.create(function() held:fire() end)
      assert(coroutine.resume(worker))
      assert(seen == worker)
      """, name: "@a.lua")
  }

  @Test func functionsReturnTheirFirstResultToSwift() throws {
    let lua = try LuaState()
    guard
      case .function(let build) = try lua.evaluate("return function(t) return t.a + 1, 9 end", name: "@a.lua")
    else {
      Issue.record("no function")
      return
    }

    #expect(try build.result([.table([("a", .integer(2))])]).integer == 3)
    let error = #expect(throws: LuaError.self) { try build.result([.table([])]) }
    #expect(error?.message.hasPrefix("a.lua:1: attempt to perform arithmetic on a nil value") == true)
  }

  @Test func theSearchPathComesBackAfterAnError() throws {
    let lua = try LuaState()
    try lua.run("before = package.path", name: "@a.lua")

    #expect(throws: LuaError.self) {
      try lua.searching("/folder") {
        try lua.run("assert(package.path == '/folder/?.lua;' .. before) error 'no'", name: "@b.lua")
      }
    }

    try lua.run("assert(package.path == before)", name: "@a.lua")
    try lua.run("package = nil", name: "@a.lua")
    #expect(throws: LuaUsageError("the global 'package' is no table any more")) {
      try lua.searching("/folder") {}
    }
  }
}
