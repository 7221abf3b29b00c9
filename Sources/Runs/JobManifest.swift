#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Foundation
import Interchange

/// What a job of a scheduler runs: trials of one sweep, cut into shards.
///
/// It is written before the job is submitted and never changed. A worker needs nothing but this file, the folder of runs that it lies in, and the number of its shard.
public struct JobManifest: Hashable, Sendable {
  /// What all its trials share: the first line of the file.
  public struct Header: Hashable, Sendable, Codable {
    /// The job's name, like no other's.
    public let job: String
    /// The sweep that it is of.
    public let sweep: SweepManifest.Header
    /// How many shards there are.
    public let shards: Int
    /// Folders of plugins that are searched first.
    public let plugins: [String]
    /// Packages whose native code may run.
    public let allowedNative: [String]
  }

  /// One trial, and what there was of it before the job: none of that counts.
  public struct Entry: Hashable, Sendable, Codable {
    /// The trial.
    public let trial: Trial
    /// When the run began whose result is there already, in seconds since 1970.
    public let earlier: Double?
    /// Who had claimed it, and is known to have ended.
    public let ended: ProcessIdentity?

    /// Makes an entry.
    public init(_ trial: Trial, earlier: Double? = nil, ended: ProcessIdentity? = nil) {
      self.trial = trial
      self.earlier = earlier
      self.ended = ended
    }

    /// Whether a result is the job's own.
    public func stands(_ result: RunResult) -> Bool { result.started != earlier }
  }

  /// What all trials share.
  public let header: Header
  /// The trials in the order in which they run.
  public let entries: [Entry]

  /// Makes the manifest of a job.
  public init(
    job: String, sweep: SweepManifest.Header, shards: Int, plugins: [String] = [],
    allowedNative: [String] = [], entries: [Entry]
  ) {
    header = Header(
      job: job, sweep: sweep, shards: shards, plugins: plugins, allowedNative: allowedNative)
    self.entries = entries
  }

  /// The trials of a shard.
  public func entries(of shard: Shard) -> ArraySlice<Entry> { entries[shard.range(of: entries.count)] }

  /// A name that no other job has: those of other batches, hosts and clusters included.
  public static func newName(of sweep: String) -> String {
    "augq-\(sweep)-\(Digest.hex(UUID().uuidString).prefix(12))"
  }

  /// What a claim says of who works for a shard.
  public static func owner(job: String, shard: Int) -> String { "\(job)/\(shard)" }

  /// The job in such a text.
  public static func job(ofOwner owner: String) -> String { String(owner.prefix { $0 != "/" }) }

  /// The file's text: one JSON object a line.
  public var text: String {
    get throws { try JSONLines.text([JSON.encode(header)] + entries.map { try JSON.encode($0) }) }
  }

  /// Reads a manifest.
  ///
  /// - Throws: ``RunError`` that names file and line.
  public init(path: String) throws {
    let lines = try JSONLines(path: path)
    header = try lines.head(Header.self)
    entries = try lines.tail(Entry.self)
    guard header.shards > 0 else { throw RunError.damaged(path: path, problem: "it has no shards") }
  }
}

/// The folder of a job: its manifest, its script, and what its tasks printed.
///
/// The manifest is there as long as tasks may begin: a task that finds none has nothing to do.
public struct JobFolder: Sendable {
  /// The folder: below the folder of runs, `sweeps/<name>/jobs/<job>`.
  public let path: String

  /// Names a folder.
  public init(_ path: String) { self.path = path }

  /// Names the folder of a manifest.
  public init(manifest: String) { path = Self.folder(1, above: manifest) }

  /// Where its manifest is.
  public var manifestPath: String { path + "/manifest.jsonl" }
  /// Where its script is.
  public var scriptPath: String { path + "/job.sh" }
  /// The job's name.
  public var name: String { path.split(separator: "/").last.map(String.init) ?? "" }
  /// Where a task's worker prints.
  public func logPath(_ shard: Int) -> String { "\(path)/task-\(shard).log" }
  /// The folder of runs.
  public var root: String { Self.folder(4, above: path) }

  private static func folder(_ levels: Int, above path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count >= levels, !parts.suffix(levels).contains(where: { $0 == "." || $0 == ".." }) {
      let above = parts.dropLast(levels).joined(separator: "/")
      return !above.isEmpty ? above : path.hasPrefix("/") ? "/" : "."
    }
    // A file that is named from within the folders.
    return path + String(repeating: "/..", count: levels)
  }

  /// Writes the manifest, making the folder.
  public func write(_ manifest: JobManifest) throws {
    try RunFolder.make(path)
    try AtomicFile.write(manifest.text, to: manifestPath)
  }

  /// Writes the script.
  public func write(script: String) throws { try AtomicFile.write(script, to: scriptPath) }

  /// Takes the manifest away: tasks that have not begun find nothing to do.
  public func retire() { unlink(manifestPath) }
}
