import ArgumentParser
import Bindings
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

  @Argument(help: "The recipe, a Lua file.")
  var file: String

  @Argument(parsing: .captureForPassthrough, help: "The recipe's own options.")
  var arguments: [String] = []

  func validate() throws {
    if sandbox.profile != .trusted, !resources.allowNative.isEmpty {
      throw ValidationError("--allow-native lets code run unconfined; it goes with --profile trusted only.")
    }
  }

  func run() throws {
    let policy = sandbox.policy(memory: resources.memory?.value)
    let code = policy.profile == .isolated ? try runIsolated(policy) : runHere(policy)
    if code != 0 { throw ExitCode(code) }
  }

  private func runHere(_ policy: SandboxPolicy) -> Int32 {
    let session = resources.session(scriptPath: file, arguments: arguments, memory: policy.memory)
    return ScriptRunner(session: session, policy: policy).run()
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
