import ArgumentParser
import Bindings
import Workbench

/// `augq help NAME`: documentation from the binding tables, or the usage of a command.
struct HelpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "help", abstract: "Print documentation of a Lua function, class, method or option.",
    discussion: "Without NAME it lists the modules. The name of a command prints the usage of the command.")

  @Argument(help: "Such as augq.quantize, tensor, Tensor:sum, quantize.weights, or the command run.")
  var name: String?

  func run() throws {
    guard let name else { return print(Documentation.overview, terminator: "") }
    for command in Augq.configuration.subcommands where command.configuration.commandName == name {
      return print(Augq.helpMessage(for: command))
    }
    switch Documentation.text(for: name) {
    case .success(let text): print(text, terminator: "")
    case .failure(let error):
      StandardError.write("augq: \(error)\n")
      throw ExitCode(64)
    }
  }
}
