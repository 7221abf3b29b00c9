import Foundation
import Synchronization

/// The run that a recipe belongs to, and what it logs there.
public final class RunJournal: Sendable {
  /// Where the run is kept.
  public enum Place: Sendable {
    /// Nowhere.
    case nowhere
    /// In the folder that a sweep gave it, from the beginning; a shard's when a scheduler runs it.
    case trial(folder: String, root: String, shard: String? = nil)
    /// In a folder of its own below the root, from the first thing that it logs.
    case byHand(root: String)
  }
  private struct State {
    var recorder: RunRecorder?
    var parameters: Parameters
    var folder: String?
  }
  private let place: Place
  private let draft: RunResult
  private let environment: @Sendable () -> [String: String]
  private let state: Mutex<State>

  /// The journal of a run that is kept nowhere.
  public static let none = RunJournal(
    .nowhere,
    draft: RunResult(
      id: "", script: "", scriptDigest: "", version: "", parameters: [:], attempt: 1, environment: [:]))

  /// Makes the journal of a run.
  ///
  /// - Parameters:
  ///   - draft: What is known before the run; the parameters of a run by hand come later.
  ///   - environment: Asked when the run begins, for what the draft does not say of versions and the like.
  public init(
    _ place: Place, draft: RunResult, environment: @escaping @Sendable () -> [String: String] = { [:] }
  ) {
    self.place = place
    self.draft = draft
    self.environment = environment
    state = Mutex(State(parameters: draft.parameters))
  }

  /// Begins the run of a trial.
  public func begin() throws {
    if case .trial = place { _ = try recorder() }
  }

  /// The folder of runs that this one is kept in; `nil` for none.
  public var root: String? {
    switch place {
    case .nowhere: nil
    case .trial(_, let root, _), .byHand(let root): root
    }
  }

  /// The folder of the run by hand, once it has begun.
  public var handFolder: String? { state.withLock { $0.folder } }

  /// Says what the recipe was given; a trial's parameters are the sweep's.
  public func take(_ parameters: Parameters) {
    guard case .byHand = place else { return }
    state.withLock { $0.parameters = parameters }
  }

  /// Logs a value.
  public func log(_ metric: Metric) throws { try recorder()?.log(metric) }

  /// Keeps a copy of a file; `nil` when the run is kept nowhere.
  public func keep(_ path: String, as name: String) throws -> Artifact? {
    try recorder()?.keep(path, as: name)
  }

  /// Keeps a text; `nil` when the run is kept nowhere.
  public func keep(text: String, as name: String) throws -> Artifact? {
    try recorder()?.keep(text: text, as: name)
  }

  /// Ends the run; returns what came of it when it is kept.
  public func finish(exitCode: Int32, message: String?, value: String?, peakBytes: Int) throws {
    try state.withLock { $0.recorder }?.finish(
      exitCode: exitCode, message: message, value: value, peakBytes: peakBytes)
  }

  private func recorder() throws -> RunRecorder? {
    try state.withLock { state in
      if let recorder = state.recorder { return recorder }
      if case .nowhere = place { return nil }
      var result = draft
      result.environment.merge(environment()) { given, _ in given }
      switch place {
      case .nowhere: return nil
      case .trial(let folder, let root, let shard):
        state.recorder = try RunRecorder(
          RunFolder(folder), artifactRoot: root + "/artifacts", draft: result, owner: .current(shard: shard))
      case .byHand(let root):
        result = result.byHand(state.parameters)
        let folder = "\(root)/hand/\(result.id)"
        state.folder = folder
        state.recorder = try RunRecorder(RunFolder(folder), artifactRoot: root + "/artifacts", draft: result)
      }
      // The script as it ran: its file may change before anybody looks.
      if let name = draft.script.split(separator: "/").last, access(draft.script, R_OK) == 0 {
        _ = try state.recorder?.keep(draft.script, as: "script/\(name)")
      }
      return state.recorder
    }
  }
}

extension RunResult {
  /// A result before the run.
  public init(
    id: String, script: String, scriptDigest: String, version: String, parameters: Parameters, attempt: Int,
    environment: [String: String]
  ) {
    self.init(
      id: id, script: script, scriptDigest: scriptDigest, version: version, parameters: parameters,
      status: .failed, exitCode: 0, attempt: attempt, started: Date().timeIntervalSince1970, seconds: 0,
      peakBytes: 0, message: nil, value: nil, metrics: [], artifacts: [], environment: environment)
  }

  /// A run by hand: no two are the same, so its id is of the moment.
  fileprivate func byHand(_ parameters: Parameters) -> RunResult {
    let process = ProcessIdentity.current
    let text = "\(scriptDigest) \(started) \(process.pid) \(process.began) \(process.host)"
    return RunResult(
      id: String(Digest.hex(text).prefix(16)), script: script, scriptDigest: scriptDigest, version: version,
      parameters: parameters, status: status, exitCode: exitCode, attempt: attempt, started: started,
      seconds: 0, peakBytes: 0, message: nil, value: nil, metrics: [], artifacts: [], environment: environment
    )
  }
}
