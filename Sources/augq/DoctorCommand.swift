import ArgumentParser
import Bindings
import Workbench

/// `augq doctor`: what is there, what is missing, and the command that helps.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check Lua, kernels, data, folders, plugins and tools.",
    discussion: "Ends with 0 when all is well, 1 with warnings, 2 with errors.")

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func run() throws {
    let doctor = Doctor(session: Session(scriptPath: "doctor", arguments: []))
    print(json ? doctor.jsonLines : doctor.text, terminator: "")
    if doctor.exitCode != 0 { throw ExitCode(doctor.exitCode) }
  }
}
