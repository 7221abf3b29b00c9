import ArgumentParser
import Workbench

/// `augq docs`: the Lua stubs that editors read, generated from the binding tables.
struct DocsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docs", abstract: "Write or check the Lua stubs generated from the binding tables.")

  @Flag(help: "Fail when the file differs from the binding tables.")
  var check = false

  @Option(help: "The stub file.")
  var file = "Scripts/types/augq.lua"

  func run() throws {
    let code = check ? StubFile.check(file) : StubFile.write(file)
    if code != 0 { throw ExitCode(code) }
  }
}
