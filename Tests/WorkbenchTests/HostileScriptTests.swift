import TestSupport
import Testing

@Suite struct HostileScriptTests {
  /// Whatever a script passes to a native function, the script gets an error it can catch and the process lives on.
  @Test(arguments: [1, 2])
  func noArgumentEndsTheProcess(seed: Int) throws {
    let folder = try Scratch()
    try folder.write(HostileScript(seed: seed, rounds: 40).text, to: "hostile.lua")

    let outcome = try AugqProcess.run(
      ["run", "--memory", "512M", "--time", "300", "--threads", "2", "hostile.lua"], in: folder.url)

    let last = outcome.errors.split(separator: "\n").suffix(3).joined(separator: "\n")
    #expect(outcome.status == 0, "the last calls were\n\(last)")
  }
}
