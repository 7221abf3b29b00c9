import Foundation

extension Scratch {
  /// Runs `augq` in the folder.
  public func augq(_ arguments: String...) throws -> AugqProcess.Outcome {
    try AugqProcess.run(arguments, in: url)
  }

  /// Runs a script of the folder with `sh`, its output unseen; returns its exit code.
  public func shell(_ script: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [script]
    process.currentDirectoryURL = url
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
