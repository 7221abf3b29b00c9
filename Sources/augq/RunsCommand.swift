public import ArgumentParser
import Bindings
public import Runs
public import Workbench

extension RunStatus: ExpressibleByArgument {}

/// `augq runs`: the store of runs.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List, show, compare, query and export runs.",
    subcommands: [
      List.self, Show.self, Compare.self, Query.self, Export.self, Rebuild.self, Collect.self, Rerun.self,
    ])

  struct Shared: ParsableArguments {
    @Option(help: "The folder of runs (default: AUGQ_RUNS, or runs).") var runs = RunRecording.defaultRoot

    func workbench() throws -> RunsWorkbench { try RunsWorkbench(root: runs) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List runs, the earliest first.")
    @OptionGroup var shared: Shared
    @Option(help: "Only of this sweep.") var sweep: String?
    @Option(help: "Only with this status: done, failed, running, lost.") var status: RunStatus?
    @Flag(help: "Print one JSON object a line.") var json = false

    func run() throws {
      try exit(reporting { try shared.workbench().list(sweep: sweep, status: status, json: json) })
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show everything that is known of a run.")
    @OptionGroup var shared: Shared
    @Argument(help: "The id, or its beginning.") var id: String

    func run() throws { try exit(reporting { try shared.workbench().show(id) }) }
  }

  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print what differs between runs.")
    @OptionGroup var shared: Shared
    @Argument(help: "Ids, or their beginnings.") var ids: [String]

    func run() throws { try exit(reporting { try shared.workbench().compare(ids) }) }
  }

  struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask the store in SQL.", discussion: "Tables: run, parameter, metric, artifact, environment.")
    @OptionGroup var shared: Shared
    @Argument(help: "Such as \"SELECT id, seconds FROM run\".") var sql: String
    @Flag(help: "Print one JSON object a line.") var json = false

    func run() throws { try exit(reporting { try shared.workbench().query(sql, json: json) }) }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write runs as CSV, JSON, or MLflow's folders.")
    @OptionGroup var shared: Shared
    @Option(help: "csv, json or mlflow.") var format = RunsWorkbench.Format.csv
    @Option(help: "Only of this sweep.") var sweep: String?
    @Argument(help: "The file; for mlflow the folder.") var path: String

    func run() throws {
      try exit(reporting { try shared.workbench().export(format, sweep: sweep, to: path) })
    }
  }

  struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the store anew from the folders of the runs.")
    @OptionGroup var shared: Shared

    func run() throws { try exit(reporting { try shared.workbench().rebuild() }) }
  }

  struct Rerun: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run the recipe of a run by hand once more, with the same parameters.")
    @OptionGroup var shared: Shared
    @Argument(help: "The id, or its beginning.") var id: String

    func run() throws {
      var command: [String] = []
      try exit(
        reporting {
          command = try shared.workbench().command(of: id)
          return 0
        })
      var parsed = try Augq.parseAsRoot(command)
      try parsed.run()
    }
  }

  struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gc",
      abstract: "Remove artifacts that no run has.")
    @OptionGroup var shared: Shared
    @Flag(name: .customLong("dry-run"), help: "Only say what would go.") var isDry = false

    func run() throws { try exit(reporting { try shared.workbench().collect(isDry: isDry) }) }
  }
}

extension RunsWorkbench.Format: ExpressibleByArgument {}
