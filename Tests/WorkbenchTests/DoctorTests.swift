import Bindings
import Foundation
import TestSupport
import Testing
import Workbench

@Suite struct DoctorTests {
  private struct Line: Decodable {
    let check, status, text: String
    let fix: String?
  }

  private func lines(_ outcome: AugqProcess.Outcome) throws -> [Line] {
    try outcome.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
  }

  @Test func everyLineThatIsNotWellHasACommand() throws {
    let outcome = try AugqProcess.run(["doctor", "--json"])

    let found = try lines(outcome)
    #expect(
      Set(found.map(\.check)).isSuperset(of: ["Lua", "kernels", "oneDNN", "memory", "plugins", "Slurm"]))
    for line in found {
      #expect(["ok", "warn", "error"].contains(line.status))
      #expect(line.status == "ok" || line.fix?.isEmpty == false, "\(line)")
    }
    let worst = found.contains { $0.status == "error" } ? 2 : found.contains { $0.status == "warn" } ? 1 : 0
    #expect(outcome.status == Int32(worst))
  }

  @Test func brokenPluginsAndMissingDataAreTold() throws {
    let folder = try Scratch()
    try folder.write("return {", to: "plugins/partition/cut.lua")
    try folder.write("return {}", to: "plugins/partition/whole.lua")

    let outcome = try AugqProcess.run(
      ["doctor", "--json"],
      environment: [
        "AUGQ_PLUGIN_PATH": folder.path("plugins"), "AUGQ_FASHION_MNIST": folder.path("none"),
        "AUGQ_SHARED": folder.path("none"), "TMPDIR": folder.path("plugins/partition/cut.lua"),
      ])

    let found = try lines(outcome)
    #expect(outcome.status == 2)
    let errors = found.filter { $0.status == "error" }
    #expect(errors.map(\.check).sorted() == ["plugins", "plugins", "temporary folder"], "\(errors)")
    #expect(
      errors.contains {
        $0.text == "\(folder.path("plugins"))/partition/cut.lua:1: unexpected symbol near <eof>"
      }, "\(errors)")
    let warned = found.filter { $0.status == "warn" }.map(\.check)
    #expect(warned.contains("Fashion-MNIST") && warned.contains("data pack"))
  }

  @Test func anInstructionSetThatIsNotThereIsTold() throws {
    let outcome = try AugqProcess.run(["doctor"], environment: ["AQ_ISA": "avx1024"])

    #expect(outcome.output.contains("not AQ_ISA=avx1024"), "\(outcome.output)")
    #expect(outcome.output.contains("> unset AQ_ISA\n"))
  }

  /// The bugs are those of the linked Lua: none in a release that repairs them, all tried ones in 5.4.4.
  @Test func bugsOfLuaAreTriedNotAssumed() throws {
    let finding = try #require(Doctor(session: Session(scriptPath: "", arguments: [])).findings.first)

    let seen = finding.text.split(separator: " ").filter { $0.hasPrefix("(seen)") }.count
    #expect(finding.check == "Lua")
    if finding.text.hasPrefix("5.4.4 ") { #expect(seen == 2, "\(finding.text)") }
    if finding.status == .ok { #expect(seen == 0) }
  }
}
