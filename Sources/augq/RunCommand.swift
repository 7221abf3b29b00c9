import ArgumentParser
import Bindings
import Runs
import Workbench

enum AugqVersion {
  static let text = Library.version
}

/// `augq run FILE`: runs one recipe.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a recipe.",
    discussion:
      "Everything behind FILE goes to the recipe; `augq run FILE --help` prints the recipe's own options.")

  @OptionGroup var resources: Resources

  @OptionGroup(title: "Sandbox") var sandbox: SandboxOptions

  @Flag(help: "Keep no record of what the recipe logs.")
  var noRecord = false

  @Option(help: "The folder of runs (default: AUGQ_RUNS, or runs).")
  var runs = RunRecording.defaultRoot

  @Option(help: .hidden) var trial: String?
  @Option(help: .hidden) var trialId = ""
  @Option(help: .hidden) var trialShard: String?
  @Option(help: .hidden) var repository: String?
  @Option(help: .hidden) var trialParameters = "{}"
  @Option(help: .hidden) var attempt = 1

  @Argument(help: "The recipe, a Lua file.")
  var file: String

  @Argument(parsing: .captureForPassthrough, help: "The recipe's own options.")
  var arguments: [String] = []

  func validate() throws {
    if sandbox.profile != .trusted, !resources.extensions.allowNative.isEmpty {
      throw ValidationError("--allow-native lets code run unconfined; it goes with --profile trusted only.")
    }
  }

  func run() throws {
    let policy = sandbox.policy(memory: resources.memory?.value)
    let code = policy.profile == .isolated ? try runIsolated(policy) : runHere(policy)
    if code != 0 { throw ExitCode(code) }
  }

  private func runHere(_ policy: SandboxPolicy) -> Int32 {
    let session = resources.session(
      scriptPath: file, arguments: arguments, memory: policy.memory, journal: journal(policy))
    let code = ScriptRunner(session: session, policy: policy).run()
    guard session.journal.handFolder != nil else { return code }
    let kept = reporting {
      let folder = try RunRecording.takeIn(session.journal, root: runs)
      StandardError.write("recorded in \(folder)\n")
      return 0
    }
    return code == 0 ? kept : code
  }

  private func journal(_ policy: SandboxPolicy) -> RunJournal {
    let place: RunJournal.Place =
      if let trial {
        .trial(folder: trial, root: runs, shard: trialShard)
      } else if noRecord || policy.profile != .trusted {
        .nowhere
      } else {
        .byHand(root: runs)
      }
    return RunRecording.journal(
      place, script: file, id: trialId, attempt: attempt, threads: resources.threadCount,
      parameters: Parameters(json: trialParameters) ?? [:], repository: repository)
  }

  private func runIsolated(_ policy: SandboxPolicy) throws -> Int32 {
    // The child stops itself first, with a better message; the clock of this process is for what cannot be stopped.
    var child = IsolatedProcess(
      ["run"] + sandbox.arguments(.restricted) + resources.arguments + [file] + arguments,
      limits: ProcessLimits(policy, threads: resources.threadCount),
      seconds: policy.seconds > 0 ? policy.seconds + 1 : 0)
    child.output = .inherited
    let outcome = try child.run()
    if let message = outcome.message(policy) { StandardError.write("augq: \(message)\n") }
    return outcome.exitCode
  }
}
