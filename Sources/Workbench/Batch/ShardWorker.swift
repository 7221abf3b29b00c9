public import Bindings
import Foundation
import Runs

/// Runs the trials of one shard of a job, one after the other: what a task of Slurm or Kubernetes does.
///
/// It writes the same results as a local batch and touches no store, so that any number of hosts may work below one folder
/// of runs. A second worker of the same shard goes on where the first one was.
public struct ShardWorker {
  private let job: JobManifest
  private let shard: Shard
  private let runner: TrialRunner

  /// Makes the worker of a shard.
  ///
  /// - Parameters:
  ///   - path: The job's manifest, below the folder of runs where `augq batch` wrote it.
  ///   - index: The shard; `nil` for that of the environment.
  /// - Returns: `nil` when the job is over: its manifest has gone.
  /// - Throws: ``RunError`` or ``ShardError``.
  public init?(
    manifest path: String, index: Int?, session: Session, environment: [String: String]? = nil
  ) throws {
    let folder = JobFolder(manifest: path)
    guard FileStatus.exists(path) else {
      if FileStatus.exists(folder.scriptPath) { return nil }
      throw RunError.unreadable(path: path)
    }
    job = try JobManifest(path: path)
    let count = job.header.shards
    shard =
      try index.map { try Shard(index: $0, of: count) }
      ?? Shard(of: count, environment: environment ?? ProcessInfo.processInfo.environment)
    runner = TrialRunner(
      header: job.header.sweep, root: folder.root, plugins: job.header.plugins,
      allowedNative: job.header.allowedNative,
      shard: JobManifest.owner(job: job.header.job, shard: shard.index),
      repository: RunEnvironment.repositoryState(of: job.header.sweep.script),
      cancellation: session.cancellation)
  }

  /// Runs what has no result of this job.
  ///
  /// - Returns: The process's exit code: 0, 2 when trials failed, 75 when others work on some, 130 when the user stopped it.
  public func run() throws -> Int32 {
    var codes: Set<Int32> = []
    for entry in job.entries(of: shard) {
      switch try runner.run(entry.trial, before(entry)) {
      case .finished(let result):
        tell(entry, "\(result.status.rawValue)" + (result.message.map { ": \($0)" } ?? ""))
        if result.status == .failed { codes.insert(2) }
      case .busy:
        tell(entry, "another process works on it")
        codes.insert(75)
      case .cancelled: return ScriptRunner.ExitCode.interrupted
      }
    }
    return codes.min() ?? 0
  }

  private func before(_ entry: JobManifest.Entry) -> TrialRunner.Before {
    TrialRunner.Before(
      stands: entry.stands,
      isAlive: { [runner] owner in
        if owner == entry.ended { return false }
        // A scheduler runs a task once at a time: another host's claim is of an earlier time.
        return owner.shard == runner.shard && !owner.isLocal ? false : owner.isAlive
      })
  }

  private func tell(_ entry: JobManifest.Entry, _ text: String) {
    StandardError.write("trial \(entry.trial.id) (\(entry.trial.parameters.text)): \(text)\n")
  }
}
