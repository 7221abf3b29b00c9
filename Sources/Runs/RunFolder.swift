#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Interchange

/// The folder of one run: who works on it, what it logs, and what came of it.
///
/// `claim.json` is there from the beginning, `metrics.jsonl` and `log.txt` grow, and `result.json` appears whole at the end:
/// the folder is the truth, and the store an index of it.
public struct RunFolder: Sendable {
  /// The folder.
  public let path: String

  /// Names a folder.
  public init(_ path: String) { self.path = path }

  var resultPath: String { path + "/result.json" }
  var claimPath: String { path + "/claim.json" }
  var metricsPath: String { path + "/metrics.jsonl" }
  /// What the run printed.
  public var logPath: String { path + "/log.txt" }

  /// Whether a result is there.
  public var hasResult: Bool { access(resultPath, F_OK) == 0 }

  /// What came of the run; `nil` when there is nothing yet.
  ///
  /// - Throws: ``RunError/damaged(path:problem:)`` for a file that is not a result.
  public func result() throws -> RunResult? {
    guard hasResult else { return nil }
    let bytes = try MappedFile(path: resultPath).withBytes { Array($0) }
    do { return try JSON.decode(RunResult.self, bytes) } catch {
      throw RunError.damaged(path: resultPath, problem: "it is not the result of a run")
    }
  }

  /// What is known of the run.
  ///
  /// - Parameter isAlive: Whether the process that claimed it still runs.
  public func status(isAlive: (ProcessIdentity) -> Bool = \.isAlive) throws -> RunStatus {
    if let result = try result() { return result.status }
    guard access(claimPath, F_OK) == 0 else { return .new }
    return try owner.map(isAlive) == true ? .running : .lost
  }

  /// Who claimed the run; a claim is written whole: one that cannot be read is nobody's.
  public var owner: ProcessIdentity? {
    get throws {
      guard access(claimPath, F_OK) == 0 else { return nil }
      let bytes = try MappedFile(path: claimPath).withBytes { Array($0) }
      return try? JSON.decode(ProcessIdentity.self, bytes)
    }
  }

  /// Looks into the folder anew: a network file system may not know of a file yet that another host wrote.
  public func refresh() { _ = Folder.names(in: path) }

  /// Takes away what an earlier process left.
  public func clear() throws {
    try Self.make(path)
    for file in [resultPath, metricsPath, claimPath, logPath] { unlink(file) }
  }

  /// Begins the run.
  func claim(_ owner: ProcessIdentity = .current) throws {
    try Self.make(path)
    unlink(resultPath)
    unlink(metricsPath)
    try AtomicFile.write(String(decoding: JSON.encode(owner), as: UTF8.self), to: claimPath)
  }

  /// Ends the run.
  public func write(_ result: RunResult) throws {
    try Self.make(path)
    try AtomicFile.write(String(decoding: JSON.encode(result), as: UTF8.self), to: resultPath)
  }

  /// Makes a folder and those above it.
  static func make(_ path: String) throws {
    guard Folder.make(path, mode: 0o755) else {
      throw RunError.store(path: path, problem: String(cString: strerror(errno)))
    }
  }
}
