#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings
import Interchange
import Reporting
public import Runs

/// What `augq runs` does.
public struct RunsWorkbench {
  /// What runs are exported as.
  public enum Format: String, Sendable, CaseIterable {
    /// One row a run, with parameters and last metrics.
    case csv
    /// One object a run, with everything.
    case json
    /// Folders as MLflow keeps them.
    case mlflow
  }

  private let store: RunStore

  /// Opens the store of a folder.
  ///
  /// - Throws: ``RunError``; a folder that is not there is not made.
  public init(root: String) throws {
    store = try Self.existing(root: root)
  }

  /// Opens the store of a folder that is there.
  public static func existing(root: String) throws -> RunStore {
    guard FileStatus.isFolder(root) else { throw RunError.unreadable(path: root) }
    return try RunStore(root: root)
  }

  /// Prints runs; those without a result are looked up in the folders.
  public func list(sweep: String?, status: RunStatus?, json: Bool) throws -> Int32 {
    let found = try store.summaries(sweep: sweep, status: status)
    var table = ReportTable(columns: [
      .init("id", .text), .init("sweep", .text), .init("status", .text), .init("seconds", .number),
      .init("parameters", .text), .init("metrics", .text),
    ])
    for run in found {
      let metrics = run.metrics.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      table.add([
        "id": .text(run.id), "sweep": .text(run.sweep ?? ""), "status": .text(run.status.rawValue),
        "seconds": .number(run.seconds), "parameters": .text(run.parameters.text),
        "metrics": .text(metrics.joined(separator: " ")),
      ])
    }
    let known = sweep == nil && status == nil ? Set(found.map(\.id)) : try store.ids()
    for (id, name, state) in try openRuns(sweep, known) where status == nil || status == state {
      table.add(["id": .text(id), "sweep": .text(name), "status": .text(state.rawValue)])
    }
    print(json ? table.jsonLines : table.text, terminator: "")
    return 0
  }

  /// Runs that began and have no result.
  private func openRuns(_ sweep: String?, _ stored: Set<String>) throws -> [(
    id: String, sweep: String, status: RunStatus
  )] {
    var found: [(id: String, sweep: String, status: RunStatus)] = []
    for (folder, name) in RunRecording.folders(of: store) where sweep == nil || sweep == name {
      let id = folder.split(separator: "/").last.map(String.init) ?? ""
      guard !stored.contains(id), let status = try? RunFolder("\(store.root)/\(folder)").status(),
        status != .new
      else { continue }
      found.append((id, name ?? "", status))
    }
    return found
  }

  private func one(_ id: String) throws -> StoredRun {
    let found = try store.runs(ids: [id])
    guard let run = found.first else { throw RunError.unknown(id: id) }
    guard found.count == 1 else { throw RunError.unknown(id: "\(id)…, which \(found.count) runs begin with") }
    return run
  }

  /// Prints everything about a run.
  public func show(_ id: String) throws -> Int32 {
    let run = try one(id)
    let result = run.result
    func rows(_ head: String, _ rows: [(String, String)]) {
      guard !rows.isEmpty else { return }
      let width = rows.map(\.0.count).max() ?? 0
      print("\(head)")
      for (name, text) in rows {
        print("  \(name)\(String(repeating: " ", count: width - name.count))  \(text)")
      }
    }
    rows(
      "run \(result.id)",
      [
        ("status", "\(result.status.rawValue), exit code \(result.exitCode), attempt \(result.attempt)"),
        ("sweep", run.sweep ?? "none"), ("script", "\(result.script) (\(result.scriptDigest.prefix(12)))"),
        ("seconds", "\(result.seconds)"), ("peak bytes", "\(result.peakBytes)"),
        ("folder", "\(store.root)/\(run.folder)"),
      ] + (result.message.map { [("message", $0)] } ?? []) + (result.value.map { [("value", $0)] } ?? []))
    rows("parameters", result.parameters.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })
    rows(
      "metrics",
      result.metrics.map { ($0.name, "\($0.value)" + ($0.step.map { " at \($0)" } ?? "")) })
    rows("artifacts", result.artifacts.map { ($0.name, "\($0.bytes) bytes, \($0.digest)") })
    rows("environment", result.environment.sorted { $0.key < $1.key })
    return 0
  }

  /// The command line behind `augq` that does a run again; says so when the recipe is another one now.
  public func command(of id: String) throws -> [String] {
    let result = try one(id).result
    guard let digest = Digest.hex(file: result.script) else { throw RunError.unreadable(path: result.script) }
    if digest != result.scriptDigest {
      StandardError.write("augq: warning: \(result.script) has changed since run \(result.id)\n")
    }
    return ["run", "--runs", store.root, result.script] + result.parameters.flags
  }

  /// Prints what differs between runs.
  public func compare(_ ids: [String]) throws -> Int32 {
    let runs = try ids.map { try one($0).result }
    var table = ReportTable(columns: [.init("what", .text)] + runs.map { .init($0.id, .text) })
    func row(_ name: String, _ values: [String]) {
      guard Set(values).count > 1 else { return }
      var cells: [String: ReportTable.Value] = ["what": .text(name)]
      for (run, value) in zip(runs, values) { cells[run.id] = .text(value) }
      table.add(cells)
    }
    row("script", runs.map { String($0.scriptDigest.prefix(12)) })
    row("version", runs.map(\.version))
    for name in Set(runs.flatMap(\.parameters.keys)).sorted() {
      row(name, runs.map { $0.parameters[name].map { "\($0)" } ?? "-" })
    }
    for name in Set(runs.flatMap { $0.lastMetrics.keys.map { $0 } }).sorted() {
      row(name, runs.map { $0.lastMetrics[name].map { "\($0)" } ?? "-" })
    }
    for name in Set(runs.flatMap { $0.environment.keys.map { $0 } }).sorted() {
      row(name, runs.map { $0.environment[name] ?? "-" })
    }
    print(table.text, terminator: "")
    return 0
  }

  /// Prints the rows of a query.
  public func query(_ sql: String, json: Bool) throws -> Int32 {
    let (columns, rows) = try store.query(sql)
    var table = ReportTable(columns: columns.map { .init($0, .text) })
    for row in rows {
      let pairs = zip(columns, row).map { ($0, $1.map { ReportTable.Value.text($0) } ?? .missing) }
      table.add(Dictionary(pairs) { first, _ in first })
    }
    print(json ? table.jsonLines : table.text, terminator: "")
    return 0
  }

  /// Writes runs to a file or folder.
  public func export(_ format: Format, sweep: String?, to path: String) throws -> Int32 {
    let runs = try store.runs(sweep: sweep)
    switch format {
    case .csv:
      try AtomicFile.write(
        RunTables.trials(runs.map { ($0.result.id, $0.result.parameters, $0.result) }).csv, to: path)
    case .json: try AtomicFile.write(try runs.map { try $0.result.jsonLine }.joined(), to: path)
    case .mlflow: try MLflowFolder(path).write(runs, artifacts: store.artifactRoot)
    }
    print("wrote \(runs.count) runs to \(path)")
    return 0
  }

  /// Makes the store anew.
  public func rebuild() throws -> Int32 {
    let (count, damaged) = try RunRecording.rebuild(store)
    print("took in \(count) runs")
    for problem in damaged { StandardError.write("augq: \(problem)\n") }
    return damaged.isEmpty ? 0 : ScriptRunner.ExitCode.damagedFile
  }

  /// Removes the bytes that no result names.
  ///
  /// - Throws: ``RunError/busy(folder:)`` while a run goes on, for what it keeps is not known yet.
  public func collect(isDry: Bool) throws -> Int32 {
    var used: Set<String> = []
    for (folder, _) in RunRecording.folders(of: store) {
      let run = RunFolder("\(store.root)/\(folder)")
      if try run.status() == .running { throw RunError.busy(folder: run.path) }
      used.formUnion(try run.result()?.artifacts.map(\.digest) ?? [])
    }
    for part in FileStatus.names(in: store.artifactRoot).sorted() {
      for digest in FileStatus.names(in: "\(store.artifactRoot)/\(part)").sorted()
      where !used.contains(digest) {
        let path = "\(store.artifactRoot)/\(part)/\(digest)"
        if isDry { print("would remove \(path)") } else if unlink(path) == 0 { print("removed \(path)") }
      }
    }
    return 0
  }
}
