import Bindings
import Interchange
import Runs

/// Runs in the folders that MLflow's file store reads: `0/<run>/{meta.yaml, params, metrics, artifacts, tags}`.
///
/// Source: MLflow's file store, version 2: one file a parameter, lines `time value step` a metric.
struct MLflowFolder {
  private let path: String

  init(_ path: String) { self.path = path }

  func write(_ runs: [StoredRun], artifacts: String) throws {
    try put(
      "0/meta.yaml", "artifact_location: ./0\nexperiment_id: '0'\nlifecycle_stage: active\nname: augq\n")
    for run in runs {
      let result = run.result
      // MLflow's ids have 32 digits.
      let id = result.id + String(repeating: "0", count: max(0, 32 - result.id.count))
      let (start, end) = (Int(1000 * result.started), Int(1000 * (result.started + result.seconds)))
      try put(
        "0/\(id)/meta.yaml",
        """
        artifact_uri: ./0/\(id)/artifacts
        end_time: \(end)
        entry_point_name: ''
        experiment_id: '0'
        lifecycle_stage: active
        run_id: \(id)
        run_name: \(result.id)
        run_uuid: \(id)
        source_name: ''
        source_type: 4
        source_version: ''
        start_time: \(start)
        status: \(result.status == .done ? 3 : 4)
        tags: []
        user_id: augq

        """)
      for (name, value) in result.parameters { try put("0/\(id)/params/\(name)", "\(value)") }
      for (name, values) in Dictionary(grouping: result.metrics, by: \.name) {
        let lines = values.enumerated().map { "\(end) \($1.value) \($1.step ?? $0)\n" }
        try put("0/\(id)/metrics/\(name)", lines.joined())
      }
      try put("0/\(id)/tags/mlflow.source.name", result.script)
      for artifact in result.artifacts {
        try Self.check(artifact.name)
        let stored = try MappedFile(path: "\(artifacts)/\(artifact.digest.prefix(2))/\(artifact.digest)")
        let place = "\(path)/0/\(id)/artifacts/\(artifact.name)"
        UserFolders.make(FileStatus.folder(of: place), mode: 0o755)
        try stored.withBytes { bytes throws(InterchangeError) in try AtomicFile.write([bytes], to: place) }
      }
    }
  }

  private static func check(_ name: String) throws {
    guard RunName.isValid(name) else {
      throw RunError.damaged(path: name, problem: "a name in a result cannot be that of a file")
    }
  }

  private func put(_ name: String, _ text: String) throws {
    try Self.check(name)
    let place = "\(path)/\(name)"
    UserFolders.make(FileStatus.folder(of: place), mode: 0o755)
    try AtomicFile.write(text, to: place)
  }
}
