import Foundation
import TestSupport
import Testing

@Suite struct ReplProcessTests {
  @Test func pipedLinesRunWithoutAPromptAndFailuresDecideTheCode() throws {
    let outcome = try AugqProcess.run(
      ["repl"],
      input: """
        local x = 20
        x + 1
        for i = 1, 2 do
          print(i)
        end
        error "broken"
        print "after"
        """)

    #expect(outcome.output == "21\n1\n2\nafter\n")
    #expect(outcome.errors == "augq: stdin:6: broken\n")
    #expect(outcome.status == 1)
  }

  @Test(arguments: [("1 + 1", "2\n", 0), ("", "", 0), (":quit\nerror()", "", 0), ("1 +", "", 1)])
  func codeSaysWhetherALineFailed(input: String, output: String, status: Int32) throws {
    let outcome = try AugqProcess.run(["repl"], input: input)

    #expect(outcome.output == output)
    #expect(outcome.status == status)
  }

  @Test func interruptEndsPipedLinesWith130() throws {
    let process = Process()
    process.executableURL = AugqProcess.executable
    process.arguments = ["repl"]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let lines = "io.stdout:write('ready\\n'):flush() while true do end\nprint 'not reached'\n"
    try input.fileHandleForWriting.write(contentsOf: Data(lines.utf8))
    #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))

    process.interrupt()
    process.waitUntilExit()

    #expect(process.terminationStatus == 130)
    #expect(errors.fileHandleForReading.readDataToEndOfFile() == Data("augq: interrupted\n".utf8))
    #expect(output.fileHandleForReading.readDataToEndOfFile().isEmpty)
  }

  /// On a terminal (of `script`, from util-linux) TAB completes, Ctrl-C stops a loop, and the history is written.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
  func terminalCompletesInterruptsAndRemembers() async throws {
    let folder = try Scratch()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
    // Without exec some shells stay in the foreground, where Ctrl-C ends them with 130.
    process.arguments = ["-qec", "exec '\(AugqProcess.executable.path)' repl", "/dev/null"]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["XDG_STATE_HOME": folder.url.path, "TERM": "xterm"]) { $1 }
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // Keys that come before the prompt meet another mode of the terminal: wait for it behind what is shown.
    func type(_ text: String, until shown: String...) throws {
      try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
      var seen = ""
      for part in shown {
        while !seen.contains(part) {
          let data = output.fileHandleForReading.availableData
          guard !data.isEmpty else {
            Issue.record("'\(part)' was not shown in \(seen)")
            return
          }
          seen += String(decoding: data, as: UTF8.self)
        }
        if let range = seen.range(of: part) { seen.removeSubrange(..<range.upperBound) }
      }
    }

    try type("", until: "Ctrl-D leaves.", "augq> ")
    try type("x = augq.tens\t.ze\t{ 3 } print(x:sum() + 41)\n", until: "41.0\r\n", "augq> ")
    try type("print 'begun' while true do end\n", until: "begun\r\n")
    try type("\u{3}", until: "augq: interrupted", "augq> ")
    try type("print(6 * 7)\n", until: "42\r\n", "augq> ")
    try input.fileHandleForWriting.write(contentsOf: Data("\u{4}".utf8))
    process.waitUntilExit()

    #expect(process.terminationStatus == 0)
    let history = try String(contentsOfFile: folder.path("augq/history"), encoding: .utf8)
    #expect(history.hasPrefix("x = augq.tensor.zeros{ 3 } print(x:sum() + 41)\n"), "\(history)")
    #expect(history.hasSuffix("print(6 * 7)\n"))
  }
}
