import ArgumentParser
import Bindings
import LuaRuntime
import Reporting
import Runs
import Tensors
import Workbench

/// `augq batch SWEEP`: runs the trials of a sweep that are not done.
struct BatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch", abstract: "Run the trials of a sweep, each in a process of its own.",
    discussion:
      "SWEEP is a Lua file that returns a script and what its parameters vary over. A batch that was stopped, by Ctrl-C or by a "
      + "power cut, goes on with the same command. Exit code 2 when trials failed. With --engine slurm the trials run in job "
      + "arrays of Slurm; augq, the working folder and the folder of runs are on a file system that all nodes share."
  )

  @Argument(help: "The sweep, a Lua file.") var sweep: String
  @Option(
    name: .shortAndLong,
    help:
      "Trials at the same time (default: 1); array tasks of Slurm or pods (default: what the cluster lets run)."
  )
  var jobs: Int?
  @Option(help: "Where trials run: local or slurm.") var engine = BatchEngine.local
  @OptionGroup(title: "Clusters") var cluster: ClusterOptions
  @Flag(name: .customLong("dry-run"), help: "Print the plan and run nothing.") var isDry = false
  @Flag(help: "Print the commands of the trials that would run, one a line, such as for GNU parallel.")
  var exportCommands = false
  @Flag(help: "Run only those that failed or were lost.") var onlyFailed = false
  @Flag(help: "Run those that are done too.") var force = false
  @Flag(help: "Stop at the first failure.") var failFast = false
  @Option(help: "Stop after so many failures.") var maxFailures = 0
  @Option(help: "The folder of runs (default: AUGQ_RUNS, or runs).") var runs = RunRecording.defaultRoot
  @OptionGroup var extensions: PluginOptions
  @Flag(help: "Print one JSON object a line instead of tables.") var json = false

  func validate() throws {
    if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs is \(jobs); give 1 ... 1024.") }
    if maxFailures < 0 { throw ValidationError("--max-failures is \(maxFailures); give 0 or more.") }
    if force && onlyFailed { throw ValidationError("--force and --only-failed exclude each other.") }
    if engine == .local, let option = cluster.givenForSlurm {
      throw ValidationError("\(option) is for Slurm; add --engine slurm.")
    }
  }

  func run() throws {
    let code = reporting {
      let session = Session(scriptPath: sweep, arguments: [], pluginFolders: extensions.plugins)
      let file = try SweepFile(path: sweep, session: session)
      let store = try RunStore(root: runs)
      let manifest = try file.manifest(knowing: store)
      guard !isDry, !exportCommands, !cluster.exportKubernetes else {
        return try show(manifest, store, session)
      }
      return try run(file, manifest, store, session)
    }
    if code != 0 { throw ExitCode(code) }
  }

  private func options() -> BatchRunner.Options {
    var options = BatchRunner.Options()
    options.engine = engine == .slurm ? .slurm(cluster.slurm(jobs: jobs)) : .local(jobs: jobs ?? 1)
    options.selection = force ? .all : onlyFailed ? .failed : .open
    options.mostFailures = failFast ? 1 : maxFailures
    options.plugins = extensions.plugins
    options.allowedNative = extensions.allowNative
    return options
  }

  /// Prints the plan, or exports what it would run.
  private func show(_ manifest: SweepManifest, _ store: RunStore, _ session: Session) throws -> Int32 {
    let runner = try BatchRunner(manifest, store: store, options: options(), session: session)
    if isDry { print(json ? runner.plan.table.jsonLines : runner.plan.table.text, terminator: "") }
    if !exportCommands { StandardError.write("\(manifest.header.name): \(runner.plan.summary)\n") }
    if isDry { return 0 }
    if exportCommands {
      for command in try runner.commands() { print(command) }
    } else {
      print(try cluster.kubernetesJob(runner, jobs: jobs), terminator: "")
    }
    return 0
  }

  /// Runs what is open, and what a scheduler adds as long as it adds something; each trial once.
  private func run(_ file: SweepFile, _ first: SweepManifest, _ store: RunStore, _ session: Session) throws
    -> Int32
  {
    var (manifest, options, code) = (first, options(), Int32(0))
    while true {
      // The folder is locked as long as there is a runner.
      let outcome = try { () throws -> BatchRunner.Outcome in
        let runner = try BatchRunner(manifest, store: store, options: options, session: session)
        StandardError.write("\(manifest.header.name): \(runner.plan.summary)\n")
        options.leftAlone.formUnion(runner.plan.pending.map(\.id))
        return try Interruption.cancelling(session.cancellation) { try runner.run() }
      }()
      code = max(code, outcome.code)
      if outcome.isStopped { break }
      if options.mostFailures > 0 { options.mostFailures -= outcome.failures }
      let known = Set(manifest.trials.map(\.id)).union(options.leftAlone)
      manifest = try file.manifest(knowing: store)
      guard manifest.trials.contains(where: { !known.contains($0.id) }) else { break }
      options.selection = .open
    }
    let table = try BatchRunner.table(manifest, store)
    print(json ? table.jsonLines : table.text, terminator: "")
    return code
  }
}

/// Prints an error as every command does.
func reporting(_ body: () throws -> Int32) -> Int32 {
  do { return try body() } catch let error as RunError {
    StandardError.write("augq: \(error)\n")
    return switch error {
    case .unreadable: 66
    case .damaged: 65
    case .locked, .busy: 75
    case .store: 73
    case .unknown, .query: 64
    }
  } catch let error as ShardError {
    StandardError.write("augq: \(error)\n")
    return ScriptRunner.ExitCode.usage
  } catch {
    StandardError.write("augq: \(error)\n")
    return (error as? any ExitCoded)?.exitCode ?? 1
  }
}
