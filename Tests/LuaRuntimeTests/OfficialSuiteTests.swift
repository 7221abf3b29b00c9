import Foundation
import LuaRuntime
import TestSupport
import Testing

@Suite struct OfficialSuiteTests {
  private static var folder: String? { ProcessInfo.processInfo.environment["AUGQ_LUA_TESTS"] }

  /// `AUGQ_LUA_TESTS` names the folder `testes` of lua/lua at the tag of the linked version.
  @Test(.enabled(if: folder != nil, "AUGQ_LUA_TESTS is not set"))
  func passesInOurStatesInUserMode() throws {
    let folder = try #require(Self.folder)

    let outcome = try AugqProcess.run([folder], program: "LuaHost")

    #expect(outcome.status == 0, "\(outcome.output.suffix(2000))\(outcome.errors.suffix(500))")
    #expect(outcome.output.contains("final OK !!!"))
  }
}
