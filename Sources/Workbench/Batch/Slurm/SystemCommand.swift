import Bindings
import Foundation

/// A program of the system, run to its end with this process's environment, or a part of it.
enum SystemCommand {
  /// What it printed and how it ended.
  struct Outcome {
    /// The exit code; 128 + n for signal n.
    let code: Int32
    let output: String
    let errors: String
  }

  /// Where a command is, by the search path; administration's folders included.
  static func path(of command: String) -> String? {
    let folders =
      (UserFolders.environment("PATH") ?? "").split(separator: ":").map(String.init) + ["/usr/sbin"]
    return folders.map { "\($0)/\(command)" }.first { access($0, X_OK) == 0 }
  }

  /// Runs a program; what it prints on standard error is short.
  ///
  /// - Parameter prefix: Variables whose names begin so are left out of its environment.
  static func run(_ path: String, _ arguments: [String], withoutVariables prefix: String? = nil) throws
    -> Outcome
  {
    let process = Process()
    if let prefix {
      process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix(prefix) }
    }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    let complained = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Outcome(
      code: signal + process.terminationStatus, output: String(decoding: printed, as: UTF8.self),
      errors: String(decoding: complained, as: UTF8.self))
  }
}
