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

  @Option(help: "Seconds after which the recipe is stopped (exit code 124).")
  var time: Double?

  @Argument(help: "The recipe, a Lua file.")
  var file: String

  @Argument(parsing: .captureForPassthrough, help: "The recipe's own options.")
  var arguments: [String] = []

  func validate() throws {
    if let time, !(time > 0) { throw ValidationError("--time is \(time); give seconds above 0.") }
  }

  func run() throws {
    let session = resources.session(scriptPath: file, arguments: arguments)
    var limits = ScriptRunner.Limits()
    limits.memory = session.memoryLimit
    limits.seconds = time ?? 0
    let code = ScriptRunner(session: session, limits: limits).run()
    if code != 0 { throw ExitCode(code) }
  }
}

/// A number of bytes as people write it: `1048576`, `512K`, `500M`, `2G`.
struct ByteCount: ExpressibleByArgument {
  let value: Int

  init?(argument: String) {
    let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    let shift = argument.last.flatMap { shifts[$0] }
    guard let number = Int(shift == nil ? argument : String(argument.dropLast())), number > 0,
      number < 1 << 32
    else {
      return nil
    }
    value = number << (shift ?? 0)
  }
}
