#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Foundation
import Interchange
import Synchronization

/// Keeps what a run logs, in its folder.
final class RunRecorder: Sendable {
  private struct State {
    var metrics: [Metric] = []
    var artifacts: [Artifact] = []
  }
  private let state = Mutex(State())
  private let folder: RunFolder
  private let artifactRoot: String
  private let draft: RunResult
  private let clock = ContinuousClock.now

  /// Claims the folder of a run.
  ///
  /// - Parameters:
  ///   - artifactRoot: Where the bytes of artifacts are kept, by digest.
  ///   - draft: What is known before the run.
  ///   - owner: Who claims it.
  init(
    _ folder: RunFolder, artifactRoot: String, draft: RunResult, owner: ProcessIdentity = .current
  ) throws {
    self.folder = folder
    self.artifactRoot = artifactRoot
    self.draft = draft
    try folder.claim(owner)
  }

  /// Logs a value; the operating system has it when this returns.
  func log(_ metric: Metric) throws {
    let line = try JSON.encode(metric) + [UInt8(ascii: "\n")]
    try state.withLock { state in
      guard let file = fopen(folder.metricsPath, "ab") else {
        throw RunError.store(path: folder.metricsPath, problem: String(cString: strerror(errno)))
      }
      let written = fwrite(line, 1, line.count, file)
      guard fclose(file) == 0, written == line.count else {
        throw RunError.store(path: folder.metricsPath, problem: String(cString: strerror(errno)))
      }
      state.metrics.append(metric)
    }
  }

  /// Keeps a copy of a file under its digest; a second one of the same name takes the place of the first.
  func keep(_ path: String, as name: String) throws -> Artifact {
    guard let digest = Digest.hex(file: path) else { throw RunError.unreadable(path: path) }
    return try MappedFile(path: path).withBytes { try keep($0, digest, as: name) }
  }

  /// Keeps a text under its digest.
  func keep(text: String, as name: String) throws -> Artifact {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBytes { try keep($0, Digest.hex(bytes), as: name) }
  }

  private func keep(_ bytes: UnsafeRawBufferPointer, _ digest: String, as name: String) throws -> Artifact {
    let place = "\(artifactRoot)/\(digest.prefix(2))"
    if access("\(place)/\(digest)", F_OK) != 0 {
      try RunFolder.make(place)
      try AtomicFile.write([bytes], to: "\(place)/\(digest)")
    }
    let artifact = Artifact(name: name, digest: digest, bytes: bytes.count)
    state.withLock { state in
      state.artifacts.removeAll { $0.name == name }
      state.artifacts.append(artifact)
    }
    return artifact
  }

  /// Ends the run.
  func finish(exitCode: Int32, message: String?, value: String?, peakBytes: Int) throws {
    var result = draft
    result.status = exitCode == 0 ? .done : .failed
    result.exitCode = exitCode
    result.message = message
    result.value = value
    result.peakBytes = peakBytes
    let elapsed = (ContinuousClock.now - clock).components
    result.seconds = Double(elapsed.seconds) + 1e-18 * Double(elapsed.attoseconds)
    let state = state.withLock { $0 }
    result.metrics = state.metrics
    result.artifacts = state.artifacts
    try folder.write(result)
  }
}
