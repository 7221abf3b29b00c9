import Foundation
import Interchange

/// One combination of parameters.
public struct Trial: Hashable, Sendable, Codable {
  /// The first 16 digits of a digest of sweep, script, parameters, inputs and program version.
  public let id: String
  /// What the recipe is given.
  public let parameters: Parameters
  /// Trials of higher priority run first.
  public let priority: Double
}

/// What each trial of a sweep may use.
public struct TrialLimits: Hashable, Sendable, Codable {
  /// Seconds of wall-clock time; 0 for no limit.
  public var seconds = 0.0
  /// Bytes that Lua and its tensors may hold; 0 for no limit.
  public var memory = 0
  /// How often a trial that failed is tried again at once.
  public var retries = 0
  /// Threads of native work.
  public var threads = 1

  /// Makes limits that bound nothing.
  public init() {}
}

/// What a sweep is: a script and its trials, written before the first one runs and never changed.
public struct SweepManifest: Hashable, Sendable {
  /// What all trials share: the first line of the file.
  public struct Header: Hashable, Sendable, Codable {
    /// The sweep's name.
    public let name: String
    /// The recipe's path.
    public let script: String
    /// The digest of the recipe's text.
    public let scriptDigest: String
    /// Digests of the files that the trials depend on, by path.
    public let inputs: [String: String]
    /// The program's version.
    public let version: String
    /// What each trial may use.
    public let limits: TrialLimits
  }

  /// What all trials share.
  public let header: Header
  /// The trials, in order.
  public let trials: [Trial]

  /// Makes the manifest of a script with the given combinations; equal ones are one trial.
  ///
  /// - Throws: ``RunError`` when the script or an input cannot be read.
  public init(
    name: String, script: String, inputs: [String], version: String, limits: TrialLimits,
    combinations: [(parameters: Parameters, priority: Double)]
  ) throws {
    func digest(_ path: String) throws -> String {
      guard let digest = Digest.hex(file: path) else { throw RunError.unreadable(path: path) }
      return digest
    }
    header = Header(
      name: name, script: script, scriptDigest: try digest(script),
      inputs: Dictionary(uniqueKeysWithValues: try Set(inputs).map { ($0, try digest($0)) }),
      version: version,
      limits: limits)
    trials = try Self.trials(combinations, header, after: [])
  }

  private init(_ header: Header, _ trials: [Trial]) {
    self.header = header
    self.trials = trials
  }

  /// The manifest with more trials behind its own; those that it has already are not added.
  public func adding(_ combinations: [(parameters: Parameters, priority: Double)]) throws -> SweepManifest {
    SweepManifest(header, trials + (try Self.trials(combinations, header, after: trials)))
  }

  private static func trials(
    _ combinations: [(parameters: Parameters, priority: Double)], _ header: Header, after others: [Trial]
  ) throws -> [Trial] {
    let shared =
      header.name + "\n" + header.scriptDigest
      + header.inputs.sorted { $0.key < $1.key }.map(\.value).joined() + header.version
    var seen = Set(others.map(\.id))
    return try combinations.compactMap { parameters, priority in
      let text = shared + String(decoding: try JSON.encode(parameters), as: UTF8.self)
      let id = String(Digest.hex(text).prefix(16))
      return seen.insert(id).inserted ? Trial(id: id, parameters: parameters, priority: priority) : nil
    }
  }

  /// The file's text: one JSON object a line.
  public var text: String {
    get throws { try JSONLines.text([JSON.encode(header)] + trials.map { try JSON.encode($0) }) }
  }

  /// Reads a manifest.
  ///
  /// - Throws: ``RunError`` that names file and line.
  public init(path: String) throws {
    let lines = try JSONLines(path: path)
    header = try lines.head(Header.self)
    trials = try lines.tail(Trial.self)
  }
}

/// A file of one JSON object a line: a head, then rows of one kind.
struct JSONLines {
  private let path: String
  private let lines: [Substring]

  /// Reads a file.
  init(path: String) throws {
    self.path = path
    lines = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }.split(
      separator: "\n")
    guard !lines.isEmpty else { throw RunError.damaged(path: path, problem: "it is empty") }
  }

  /// The first line.
  func head<Value: Decodable>(_ type: Value.Type) throws -> Value { try value(0, type) }

  /// The other lines.
  func tail<Value: Decodable>(_ type: Value.Type) throws -> [Value] {
    try lines.indices.dropFirst().map { try value($0, type) }
  }

  private func value<Value: Decodable>(_ index: Int, _ type: Value.Type) throws -> Value {
    do { return try JSON.decode(type, Array(lines[index].utf8)) } catch {
      throw RunError.damaged(path: "\(path):\(index + 1)", problem: "it is no line of a manifest")
    }
  }

  /// The text of such a file.
  static func text(_ lines: [[UInt8]]) -> String {
    lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
  }
}

/// JSON with sorted keys, the same bytes for the same value.
enum JSON {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }
}

/// What can be wrong with sweeps, runs and their store.
public enum RunError: Error, Equatable, CustomStringConvertible {
  /// A file that a sweep names cannot be read.
  case unreadable(path: String)
  /// A file of a run is not what it should be.
  case damaged(path: String, problem: String)
  /// Another process works on the sweep.
  case locked(folder: String, owner: String)
  /// A run goes on.
  case busy(folder: String)
  /// The store cannot be opened or changed.
  case store(path: String, problem: String)
  /// There is no such run.
  case unknown(id: String)
  /// A query of a user that SQLite refuses.
  case query(problem: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .unreadable(let path): "cannot read \(path). Check the path."
    case .damaged(let path, let problem): "\(path): \(problem). Remove it; what it held runs again."
    case .locked(let folder, let owner):
      "\(folder): process \(owner) works on this sweep. Wait for it, or stop it."
    case .busy(let folder): "\(folder): a process works on this run. Wait for it, or stop it."
    case .store(let path, let problem):
      "\(path): \(problem). Check folder and free space; 'augq runs rebuild' makes the store anew from the folder."
    case .query(let problem):
      "the query failed: \(problem). It may read the tables run, parameter, metric, artifact and environment."
    case .unknown(let id): "there is no run '\(id)'. 'augq runs list' shows them."
    }
  }
}
