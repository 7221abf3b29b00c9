public import Foundation

/// Runs the `augq` executable that this test run built, as a user would.
public enum AugqProcess {
  /// What one run printed and how it ended.
  public struct Outcome: Sendable {
    /// The exit code; 128 + n when signal n ended the process.
    public let status: Int32
    /// Everything on standard output.
    public let output: String
    /// Everything on standard error.
    public let errors: String
  }

  /// The executable: beside the test bundle, where `swift test` puts both.
  public static var executable: URL { executable(named: "augq") }

  private static func executable(named name: String) -> URL {
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let beside = bundle.appendingPathComponent(name)
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    return URL(fileURLWithPath: ".build/debug/\(name)")
  }

  /// The folder of the package: the tests' working directory.
  public static var packageFolder: URL { URL(fileURLWithPath: FileManager.default.currentDirectoryPath) }

  /// Runs `augq`, or another program that this test run built, with arguments and an input and waits for its end.
  public static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:], input: String = "",
    program: String = "augq"
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = executable(named: program)
    process.arguments = arguments
    process.currentDirectoryURL = folder ?? packageFolder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files rather than pipes: a pipe that nobody drains blocks a talkative child.
    let files = try ["out", "err"].map { name in
      let url = folder.appendingPathComponent(name)
      _ = FileManager.default.createFile(atPath: url.path, contents: nil)
      return (url, try FileHandle(forWritingTo: url))
    }
    process.standardOutput = files[0].1
    process.standardError = files[1].1
    let text = folder.appendingPathComponent("in")
    try Data(input.utf8).write(to: text)
    process.standardInput = try FileHandle(forReadingFrom: text)
    try process.run()
    process.waitUntilExit()
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Outcome(
      status: signal + process.terminationStatus,
      output: String(decoding: try Data(contentsOf: files[0].0), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[1].0), as: UTF8.self))
  }
}
