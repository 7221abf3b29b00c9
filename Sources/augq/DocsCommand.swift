import ArgumentParser
import Bindings
import Workbench

/// `augq docs`: what is generated from the binding tables: the Lua stubs that editors read, and the HTML manual.
struct DocsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docs", abstract: "Write or check the Lua stubs and the HTML manual.",
    discussion: "Without --html it writes the stubs; with --check it writes nothing.")

  @Flag(
    help: "Fail when the stubs differ from the binding tables, or the manual has dead links or unknown names."
  )
  var check = false

  @Option(help: "The stub file.")
  var file = "Scripts/types/augq.lua"

  @Option(help: "The folder of the HTML manual.")
  var html: String?

  @Option(help: "The folder of the clone, whose pages the manual has.")
  var root = "."

  func run() throws {
    if check {
      try exit(StubFile.check(file))
      let problems = try site().problems
      for problem in problems { StandardError.write("augq: \(problem)\n") }
      try exit(problems.isEmpty ? 0 : 1)
      print("the manual names what there is")
    } else if let html {
      print("wrote \(try site().write(to: html)) pages; open \(html)/index.html")
    } else {
      try exit(StubFile.write(file))
    }
  }

  private func site() throws -> ManualSite {
    var commands: [(name: String, text: String)] = []
    for command in Augq.configuration.subcommands where command.configuration.shouldDisplay {
      let text = Augq.helpMessage(for: command, columns: 100)
      commands.append((command.configuration.commandName ?? "", text))
    }
    return try ManualSite(root: root, commands: commands)
  }
}
