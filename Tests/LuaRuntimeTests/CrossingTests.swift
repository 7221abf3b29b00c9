import Dispatch
import LuaRuntime
import Synchronization
import Testing

/// Serialized: tests count live objects of one class.
@Suite(.serialized) enum LuaBoundaryTests {}

extension LuaBoundaryTests {
  @Suite struct CrossingTests {
    @Test func raisingLeaksNothing() throws {
      let before = Counted.live.withLock { $0 }
      let lua = try Fixture.state()

      try lua.run("for _ = 1, 1000 do assert(not pcall(host.fail)) end", name: "@a.lua")

      #expect(Counted.live.withLock { $0 } == before)
    }

    @Test func closedScopesAndTheCollectorReleaseOnce() throws {
      let before = Counted.live.withLock { $0 }
      do {
        let lua = try Fixture.state()
        try lua.run(
          """
          collectgarbage "stop"
          local start = host.live()
          for _ = 1, 100 do local object <close> = host.new(10) end
          assert(host.live() == start)
          local kept = host.new(10)
          do local again <close> = kept end
          local ok, message = pcall(kept.size, kept)
          assert(not ok)
          assert(message == "a.lua:7: the host.Counted is closed; it cannot be used any more", message)
          """, name: "@a.lua")
      }

      #expect(Counted.live.withLock { $0 } == before)
    }

    @Test func nativeMemoryDrivesTheCollector() throws {
      let lua = try Fixture.state()

      try lua.run("for _ = 1, 4000 do local object = host.new(1 << 20) end", name: "@a.lua")

      #expect(lua.peakBytes < 150 << 20)
    }

    @Test(arguments: [
      "string.rep('x', 1 << 30)", "local t = {} for i = 1, 1e9 do t[i] = i end",
      "local t = {} for i = 1, 1e9 do t[i] = host.new(1 << 20) end",
      "local s = 'x' while true do s = s .. s end",
    ])
    func memoryLimitIsCatchableAndTheStateGoesOn(script: String) throws {
      let lua = try Fixture.state(memoryLimit: 32 << 20)

      try lua.run(
        """
        local ok, message = pcall(function() \(script) end)
        assert(not ok and tostring(message):find "not enough memory", message)
        collectgarbage()
        assert(host.new(1):size() == 1)
        """, name: "@a.lua")

      #expect(lua.luaBytes < 32 << 20)
    }

    @Test(arguments: [
      "while true do end",
      "while true do pcall(function() while true do end end) end",
      "coroutine.wrap(function() while true do end end)()",
      "coroutine.resume(coroutine.create(function() while true do end end))",
      "xpcall(function() while true do end end, function() while true do end end)",
      "while true do host.integer(1) end",
    ])
    func interruptStopsEveryLoop(script: String) throws {
      let lua = try Fixture.state()
      DispatchQueue.global().asyncAfter(deadline: .now() + 0.05, execute: lua.interrupter)

      do {
        try lua.run(script, name: "@a.lua")
        Issue.record("the script ended by itself")
      } catch let error as LuaError {
        #expect(error.kind == .interrupted)
      }
    }

    @Test func nativeErrorsKeepTheirCauseAndPosition() throws {
      let error = try #require(try Fixture.error("local x = 1\nhost.fail()"))

      #expect(error.message == "dir/script.lua:2: refused")
      #expect(error.cause as? Refusal == Refusal(description: "refused", exitCode: 65))
      #expect(error.traceback.contains("dir/script.lua:2: in main chunk"))
    }

    @Test func callbacksRunAndTheirErrorsComeBack() throws {
      let lua = try Fixture.state()
      try lua.run("local sum = 0 host.twice(function(n) sum = sum + n end) assert(sum == 3)", name: "@a.lua")

      let error = try #require(try Fixture.error("host.twice(function(n) error 'inside' end)"))

      #expect(error.message == "dir/script.lua:1: dir/script.lua:1: inside")
    }

    @Test func valuesCrossBothWays() throws {
      let lua = try Fixture.state()
      try lua.run(
        """
        assert(host.echo(3) == 3 and math.type(host.echo(3)) == "integer")
        assert(host.echo(2.5) == 2.5 and host.echo("a\\0b") == "a\\0b" and host.echo(true) == true and host.echo(nil) == nil)
        local list = host.echo { 1, "two", { 3 } }
        assert(#list == 3 and list[2] == "two" and list[3][1] == 3)
        local map = host.echo { a = 1, b = { c = 2 } }
        assert(map.a == 1 and map.b.c == 2)
        local object = host.new(7)
        assert(host.echo(object).bytes == 7 and object + object == 14)
        assert(tostring(object) == "Counted of 7 bytes")
        assert(getmetatable(object) == false)
        local cycle = {} cycle[1] = cycle
        assert(not pcall(host.echo, cycle) or true)
        """, name: "@a.lua")
    }

    @Test func bytecodeIsRefused() throws {
      let error = try #require(try Fixture.error("\u{1B}Lua"))

      #expect(error.kind == .syntax)
    }
  }
}
