import Foundation
import LuaRuntime
import TestSupport
import Testing

/// What native functions of a test leave behind; all on the thread of their state.
private final class Record: @unchecked Sendable {
  var ticks = 0
  var functions: [LuaReference] = []
}

/// Sandboxes inside a state that trusted code uses too, as plugins have them.
@Suite struct LuaSandboxTests {
  private func sandbox(
    _ lua: LuaState, _ budget: LuaBudget = LuaBudget(instructions: 1_000_000), read: [String] = [],
    modules: [String] = []
  ) throws -> LuaSandbox {
    try LuaSandbox(
      lua, files: FileRoots(read: read + modules), budget: budget, moduleFolders: modules,
      output: .standardError)
  }

  private func function(_ text: String, in sandbox: LuaSandbox) throws -> LuaReference {
    guard case .function(let reference) = try sandbox.run(Array(text.utf8), name: "@plugin.lua") else {
      throw LuaUsageError("the chunk returns no function")
    }
    return reference
  }

  private func kind(_ body: () throws -> Void) -> LuaError.Kind? {
    do {
      try body()
      return nil
    } catch { return (error as? LuaError)?.kind }
  }

  @Test func environmentsDoNotShareAnything() throws {
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      let (first, second) = (try sandbox(lua), try sandbox(lua))

      _ = try first.run(
        Array(
          """
          shared = 1
          string.find, math.pi, table.sort = nil, 3, nil
          require "host".live = nil
          print = nil
          _G.assert = nil
          """.utf8), name: "@plugin.lua")

      let check =
        "local p = rawget(_G, 'shared') assert(p == nil and string.find and math.pi > 3.1 and require 'host'.live and print "
        + "and table.sort) return ('x'):find 'x'"
      #expect(try second.run(Array(check.utf8), name: "@other.lua").integer == 1)
      #expect(try lua.evaluate(check, name: "=trusted").integer == 1)
    }
  }

  @Test func everyCallHasTheWholeBudget() throws {
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      let work = try function("return function(n) for i = 1, n do end return n end", in: sandbox(lua))

      for _ in 0..<5 { #expect(try work.result([.integer(800_000)]).integer == 800_000) }
      #expect(kind { try work.call([.integer(2_000_000)]) } == .instructions)
      #expect(try work.result([.integer(800_000)]).integer == 800_000)
      #expect(try lua.evaluate("for i = 1, 3000000 do end return 1", name: "=trusted").integer == 1)
    }
  }

  @Test func eachLimitHasItsKindAndMessage() throws {
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      let loop = "while true do pcall(function() while true do end end) end"
      let grow = "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"
      let rows: [(budget: LuaBudget, script: String, kind: LuaError.Kind, message: String)] = [
        (
          LuaBudget(instructions: 50_000), loop, .instructions,
          "plugin.lua:1: stopped after the limit of 50000 instructions"
        ),
        (LuaBudget(seconds: 0.05), loop, .time, "plugin.lua:1: stopped after the time limit of 0.05 s"),
        (
          LuaBudget(seconds: 0.05), "(('a'):rep(4000)):find '.-.-.-.-b'", .time,
          "plugin.lua:1: stopped after the time limit of 0.05 s"
        ),
        (LuaBudget(memory: 4 << 20), grow, .memory, "not enough memory"),
      ]

      for row in rows {
        let error = #expect(throws: LuaError.self) {
          try sandbox(lua, row.budget).run(Array(row.script.utf8), name: "@plugin.lua")
        }
        #expect(error?.kind == row.kind)
        #expect(error?.message == row.message)
        // The limits are gone with the call.
        let length = try lua.evaluate("return #('x'):rep(16 << 20)", name: "=trusted").integer
        #expect(length == 16 << 20)
      }
    }
  }

  /// Coroutines are charged at their start, so that they never run for more than was counted.
  @Test func shortCoroutinesAreNotUndercounted() throws {
    let record = Record()
    let counter = LuaModule(
      "counter", "Counts.",
      functions: [
        LuaFunction("tick", "Counts one.") { _ in
          record.ticks += 1
          return .none
        }
      ])
    let lua = try LuaState()
    withExtendedLifetime(lua) {
      lua.register(counter)
      let script = """
        local tick = require "counter".tick
        while true do coroutine.wrap(function() for i = 1, 100 do end tick() end)() end
        """

      #expect(kind { _ = try sandbox(lua).run(Array(script.utf8), name: "@plugin.lua") } == .instructions)
      // At least 100 instructions each, of 1,000,000.
      #expect(record.ticks <= 10_000)
      #expect(record.ticks > 500)
    }
  }

  /// A callback that a plugin leaves behind is as confined as the plugin when trusted code has it called.
  @Test func functionsKeepTheirSandboxWhereverTheyAreCalled() throws {
    let record = Record()
    let keeper = LuaModule(
      "keeper", "Keeps functions.",
      functions: [
        LuaFunction("keep", "Keeps a function.", parameters: [LuaParameter("f", "function", "a function")]) {
          call in
          record.functions.append(try call.function(0))
          return .none
        },
        LuaFunction("call", "Calls what was kept.") { _ in
          try record.functions[0].result([])
        },
      ])
    let lua = try LuaState()
    try withExtendedLifetime(lua) {
      lua.register(keeper)
      _ = try sandbox(lua).run(
        Array("require 'keeper'.keep(function() while true do ('x'):len() end end)".utf8), name: "@plugin.lua"
      )

      let error = #expect(throws: LuaError.self) {
        try lua.evaluate("return require 'keeper'.call()", name: "@trusted.lua")
      }
      #expect(error?.message.contains("stopped after the limit of 1000000 instructions") == true)
      #expect(
        try lua.evaluate("return select(2, pcall(require 'keeper'.call))", name: "=trusted").text?.contains(
          "stopped") == true)
      record.functions = []
    }
  }

  @Test func innerCallsSpendTheOuterBudget() throws {
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      let inner = try function("return function() for i = 1, 100000 do end end", in: sandbox(lua))
      var calls = 0

      let ended = kind {
        try lua.within(LuaBudget(instructions: 450_000)) {
          for _ in 0..<100 {
            try inner.call([])
            calls += 1
          }
        }
      }

      #expect(ended == .instructions)
      #expect(calls == 4)
    }
  }

  @Test func trustedCodeKeepsItsStringsAndHooks() throws {
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      try lua.run(
        "function string.twice(s) return s .. s end function string.secret() return os end", name: "=trusted")
      let plugin = try function(
        "return function() return ('x').secret == nil and ('x'):rep(2) == 'xx' end", in: sandbox(lua))

      #expect(try plugin.result([]).boolean == true)
      #expect(try lua.evaluate("return ('ab'):twice()", name: "=trusted").text == "abab")
      try lua.run("count = 0 debug.sethook(function() count = count + 1 end, 'l')", name: "=trusted")
      #expect(try plugin.result([]).boolean == true)
      #expect(try lua.evaluate("count = 0\nlocal x = 1\nreturn count", name: "=trusted").integer ?? 0 > 0)
    }
  }

  @Test func modulesComeFromItsFoldersAndRunInside() throws {
    let folder = try Scratch()
    try folder.write(
      "loads = (rawget(_G, 'loads') or 0) + 1 return { global = _G, name = ... }", to: "part/init.lua")
    try folder.write("return require 'cycle'", to: "cycle.lua")
    let lua = try Fixture.state()
    try withExtendedLifetime(lua) {
      let plugin = try sandbox(lua, modules: [folder.url.path])

      let text =
        "local part = require 'part' assert(part == require 'part' and part.global == _G and loads == 1) return part.name"
      #expect(try plugin.run(Array(text.utf8), name: "@plugin.lua").text == "part")
      let error = #expect(throws: LuaError.self) {
        try plugin.run(Array("require 'cycle'".utf8), name: "@plugin.lua")
      }
      #expect(error?.message.hasSuffix("module 'cycle' requires itself") == true)
      #expect(try lua.evaluate("return loads", name: "=trusted").text == nil)
    }
  }

  @Test func aSandboxOutlivesItsStateWithoutHarm() throws {
    var lua: LuaState? = try Fixture.state()
    let plugin = try sandbox(#require(lua))
    let work = try function("return function() end", in: plugin)
    lua = nil

    #expect(throws: LuaUsageError.self) { try work.call([]) }
    #expect(throws: LuaUsageError.self) { try plugin.run(Array("return 1".utf8), name: "@plugin.lua") }
  }
}
