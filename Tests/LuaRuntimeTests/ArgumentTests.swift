import LuaRuntime
import Testing

/// A script's mistake and the whole text of its error.
struct Mistake: Sendable, CustomStringConvertible {
  let script: String
  let message: String
  var description: String { script }
}

extension LuaBoundaryTests {
  @Suite struct ArgumentTests {
    static let mistakes = [
      Mistake(
        script: "host.integer('3')",
        message: "host.integer: argument 1 (n) is a string \"3\"; expected an integer"),
      Mistake(
        script: "host.integer(3.5)", message: "host.integer: argument 1 (n) is 3.5; expected an integer"),
      Mistake(script: "host.integer()", message: "host.integer: argument 1 (n) is nil; expected an integer"),
      Mistake(
        script: "host.integer(host.new(1))",
        message: "host.integer: argument 1 (n) is a host.Counted; expected an integer"),
      Mistake(
        script: "host.configure(3)",
        message: "host.configure: argument 1 (options) is 3; expected a table of options"),
      Mistake(
        script: "host.configure { bit = 2 }",
        message: "host.configure: option 'bit' is unknown. Did you mean 'bits'?"),
      Mistake(
        script: "host.configure { quux_quux = 2 }",
        message: "host.configure: option 'quux_quux' is unknown. Known are bits, mode, share, verbose."),
      Mistake(
        script: "host.configure { bits = 9 }",
        message: "host.configure: option 'bits' is 9; expected an integer in 1 ... 8"),
      Mistake(
        script: "host.configure { bits = 2, mode = 'clmp' }",
        message:
          "host.configure: option 'mode' is a string \"clmp\"; expected one of \"clamp\", \"published\""),
      Mistake(
        script: "host.configure { bits = 2, share = 1.5 }",
        message: "host.configure: option 'share' is 1.5; expected a number in 0.0 ... 1.0"),
      Mistake(
        script: "host.configure { bits = 2, verbose = 1 }",
        message: "host.configure: option 'verbose' is 1; expected true or false"),
      Mistake(script: "host.configure {}", message: "host.configure: option 'bits' is missing: bits"),
      Mistake(
        script: "local _ = host.new(1).sise",
        message: "host.Counted has no field 'sise'. Did you mean 'size'?"),
      Mistake(
        script: "local _ = host.new(1)[2]", message: "host.Counted has no field '2'. Known are bytes, size."),
      Mistake(
        script: "host.new(1).size(3)",
        message: "host.Counted:size: argument 1 is not a host.Counted; call methods with ':'"),
    ]

    @Test(arguments: mistakes)
    func mistakesAreExplained(_ mistake: Mistake) throws {
      let error = try #require(try Fixture.error(mistake.script))

      #expect(error.message == "dir/script.lua:1: " + mistake.message)
    }

    @Test func integerValuedFloatsAreIntegers() throws {
      #expect(
        try Fixture.error("assert(host.integer(3.0) == 3) assert(host.configure { bits = 4.0 } == 4)") == nil)
    }

    @Test func deprecatedCallsWarnOncePerLine() throws {
      let lua = try LuaState()
      lua.register(Fixture.module)
      var warnings: [String] = []
      lua.onWarning = { warnings.append($0) }

      try lua.run(
        "local host = require 'host'\nfor i = 1, 3 do host.old() end\nhost.old()", name: "@dir/script.lua")

      #expect(
        warnings
          == [2, 3].map { "dir/script.lua:\($0): host.old is deprecated; call host.live; version 2 drops it" }
      )
    }

    @Test func stubsListEveryRowAndAreLua() throws {
      let stubs = StubWriter.stubs(for: Fixture.module)
      let lua = try LuaState()

      try lua.run(stubs, name: "@stubs.lua")

      for function in Fixture.module.functions { #expect(stubs.contains("function host.\(function.name)(")) }
      #expect(stubs.contains("---@deprecated call host.live; version 2 drops it\nfunction host.old() end"))
      #expect(stubs.contains("---@class host.Counted"))
      #expect(stubs.contains("function Counted:size() end"))
      #expect(stubs.contains("---@field bits integer bits"))
      #expect(stubs.contains("---@field mode? \"clamp\"|\"published\" mode (default \"clamp\")"))
    }
  }
}
