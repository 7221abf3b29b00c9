#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Interchange

/// The folder of a sweep: its manifests, and a folder for each trial that ever was in one.
public final class SweepFolder: Sendable {
  /// The sweep's name.
  public let name: String
  /// The folder, relative to the root.
  public let relativePath: String
  /// The folder.
  public let path: String
  private let lock: Int32

  /// Opens the folder for the only process that works on the sweep.
  ///
  /// - Throws: ``RunError/locked(folder:owner:)`` while another one does.
  public init(root: String, name: String) throws {
    self.name = name
    relativePath = "sweeps/\(name)"
    path = "\(root)/\(relativePath)"
    try RunFolder.make(path + "/trials")
    lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else {
      throw RunError.store(path: path + "/lock", problem: String(cString: strerror(errno)))
    }
    // The lock goes with the process, however it ends.
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 32)
      let count = read(lock, &text, text.count)
      close(lock)
      throw RunError.locked(folder: path, owner: String(decoding: text.prefix(max(0, count)), as: UTF8.self))
    }
    let owner = Array("\(getpid())".utf8)
    ftruncate(lock, 0)
    _ = pwrite(lock, owner, owner.count, 0)
  }

  deinit { close(lock) }

  /// The folder of a trial.
  public func trial(_ id: String) -> RunFolder { RunFolder("\(path)/trials/\(id)") }

  /// The folder of a trial, relative to the root.
  public func relativePath(ofTrial id: String) -> String { "\(relativePath)/trials/\(id)" }

  /// The ids of the trials that have a folder.
  public var knownTrials: [String] { Folder.names(in: path + "/trials") }

  /// The folder of a job of Slurm.
  public func job(_ name: String) -> JobFolder { JobFolder("\(path)/jobs/\(name)") }

  /// The folder of a job of Kubernetes, of which nobody here can tell whether it runs.
  public func kubernetesJob(_ name: String) -> JobFolder { JobFolder("\(path)/kubernetes/\(name)") }

  /// Whether a job of the name ever was.
  public func knows(job name: String) -> Bool { access(job(name).path, F_OK) == 0 }

  /// The jobs whose tasks may still begin or run, as far as this folder knows.
  public func openJobs() throws -> [JobManifest] {
    try Folder.names(in: path + "/jobs").map(job).filter { access($0.manifestPath, F_OK) == 0 }
      .map { try JobManifest(path: $0.manifestPath) }
  }

  /// Writes a manifest, unless the same one is there.
  public func write(_ manifest: SweepManifest) throws {
    let text = try manifest.text
    let file = "\(path)/manifest-\(Digest.hex(text).prefix(12)).jsonl"
    if access(file, F_OK) != 0 { try AtomicFile.write(text, to: file) }
  }

  /// Every trial that was ever planned, with the manifest's head.
  public func plannedTrials() throws -> [(trial: Trial, header: SweepManifest.Header)] {
    let files = Folder.names(in: path).filter { $0.hasPrefix("manifest-") && $0.hasSuffix(".jsonl") }
    return try files.flatMap { file in
      let manifest = try SweepManifest(path: "\(path)/\(file)")
      return manifest.trials.map { ($0, manifest.header) }
    }
  }
}
