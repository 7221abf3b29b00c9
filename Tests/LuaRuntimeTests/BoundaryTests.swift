import LuaRuntime
import Testing

@Suite struct BoundaryTests {
  @Test func functionsUnderXpcallMayYield() throws {
    let lua = try LuaState()

    try lua.run(
      """
      local step = coroutine.wrap(function()
        local ok, value = xpcall(function() return coroutine.yield(1) end, debug.traceback)
        return ok, value
      end)
      assert(step() == 1)
      local ok, value = step(7)
      assert(ok and value == 7)
      assert(select(2, xpcall(error, function(message) return message .. "!" end, "no")) == "no!")
      """, name: "@a.lua")
  }

  @Test func wholePathsAreShown() throws {
    let path = String(repeating: "long_folder/", count: 8) + "script.lua"
    let lua = try Fixture.state()
    let run = { (script: String) in
      #expect(throws: LuaError.self) { try lua.run(script, name: "@" + path) }
    }

    let ownError = try #require(run("local t\nlocal function inner() return t.x end\nlocal x = inner()"))
    let nativeError = try #require(run("host.fail()"))
    let syntaxError = try #require(run("local x = = 3"))

    #expect(ownError.message == path + ":2: attempt to index a nil value (upvalue 't')")
    #expect(
      ownError.traceback == "\t\(path):2: in local 'inner'\n\t\(path):3: in main chunk")
    #expect(nativeError.message == path + ":1: refused")
    #expect(syntaxError.message == path + ":1: unexpected symbol near '='")
  }

  @Test func chunksHoldAnyBytes() throws {
    let lua = try LuaState()

    try lua.run(
      bytes: Array("assert(('".utf8) + [0xFF, 0xFE] + Array("'):byte(2) == 254)".utf8), name: "@a.lua")
  }

  @Test func nativeMemoryIsRefusedBeforeItIsAllocated() throws {
    let lua = try Fixture.state(memoryLimit: 32 << 20)
    try lua.run("for _ = 1, 20 do host.new(1 << 20) end collectgarbage 'stop'", name: "@a.lua")

    try lua.reserve(bytes: 30 << 20, for: "a test")

    #expect(throws: LuaMemoryError(purpose: "a test", bytes: 33 << 20)) {
      try lua.reserve(bytes: 33 << 20, for: "a test")
    }
    #expect(throws: LuaMemoryError(purpose: "a test", bytes: 1 << 60)) {
      try LuaState().reserve(bytes: 1 << 60, for: "a test")
    }
  }
}
