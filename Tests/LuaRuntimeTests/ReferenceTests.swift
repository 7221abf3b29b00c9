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
}
