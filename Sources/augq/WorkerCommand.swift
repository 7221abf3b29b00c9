import ArgumentParser
import Workbench

/// `augq worker … -- COMMAND …`: runs a command under limits; started by an `IsolatedProcess` only.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run a command under limits of the operating system.",
    shouldDisplay: false)

  @Option(help: "Bytes of address space beyond those in use.")
  var addressSpace = 0

  @Option(help: "Seconds of processor time.")
  var processorSeconds = 0

  @Option(help: "Bytes of a written file.")
  var fileBytes = 0

  @Option(help: "Open files.")
  var openFiles = 0

  @Argument(parsing: .postTerminator, help: "The command.")
  var command: [String]

  func run() throws {
    ProcessLimits.followParent()
    var limits = ProcessLimits()
    limits.addressSpace = addressSpace
    limits.processorSeconds = processorSeconds
    limits.fileBytes = fileBytes
    limits.openFiles = openFiles
    limits.apply()
    var parsed = try Augq.parseAsRoot(command)
    try parsed.run()
  }
}
