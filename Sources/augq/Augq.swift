import ArgumentParser

@main
struct Augq: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "augq", abstract: "A workbench for neural-network quantization, scripted in Lua.",
    version: AugqVersion.text,
    subcommands: [
      RunCommand.self, BatchCommand.self, PlanCommand.self, RunsCommand.self, ReportCommand.self,
      PlotCommand.self,
      ReplCommand.self,
      HelpCommand.self,
      InitCommand.self, DoctorCommand.self,
      BenchCommand.self,
      DocsCommand.self, PluginCommand.self, WorkerCommand.self, BatchWorkerCommand.self,
    ])
}
