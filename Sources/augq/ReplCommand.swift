import ArgumentParser
import Bindings
import Workbench

/// `augq repl`: an interactive session.
struct ReplCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Run Lua line by line, with history, completion and help.",
    discussion:
      "Reads lines without a prompt when its input is no terminal; ends with 1 when one of them failed.")

  @OptionGroup var resources: Resources

  func run() throws {
    let session = resources.session(scriptPath: "stdin", arguments: [])
    let code = Repl(session: session, memoryLimit: session.memoryLimit).run()
    if code != 0 { throw ExitCode(code) }
  }
}
