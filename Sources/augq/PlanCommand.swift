import ArgumentParser
import Runs
import Workbench

/// `augq plan SWEEP`: what `augq batch` would run, and why.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a batch would run, and why; nothing is run.")

  @Argument(help: "The sweep, a Lua file.") var sweep: String
  @Option(help: "The folder of runs (default: AUGQ_RUNS, or runs).") var runs = RunRecording.defaultRoot
  @OptionGroup var extensions: PluginOptions
  @Flag(help: "Print one JSON object a line.") var json = false

  func run() throws {
    let options = ["--dry-run", "--runs", runs] + extensions.arguments + (json ? ["--json"] : [])
    try BatchCommand.parse(options + [sweep]).run()
  }
}
