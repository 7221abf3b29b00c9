#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Foundation
import GRDB

/// The index of all runs: an SQLite database beside their folders, which can be made anew from them.
public final class RunStore: Sendable {
  /// The folder of runs and store.
  public let root: String
  private let database: DatabasePool

  /// Where artifacts are kept, by digest.
  public var artifactRoot: String { root + "/artifacts" }
  private var path: String { root + "/runs.sqlite" }

  /// Opens the store of a folder, making both when they are not there.
  ///
  /// - Throws: ``RunError/store(path:problem:)``.
  public init(root: String) throws {
    self.root = root
    try RunFolder.make(root)
    let path = root + "/runs.sqlite"
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    // Two parents write one after the other.
    configuration.busyMode = .timeout(30)
    // SQLite does not wait while another process makes the database.
    let lock = open(root + "/runs.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    if lock >= 0 { flock(lock, LOCK_EX) }
    defer { if lock >= 0 { close(lock) } }
    do {
      database = try DatabasePool(path: path, configuration: configuration)
      try Self.migrations.migrate(database)
    } catch { throw Self.problem(error, path) }
  }

  private static func problem(_ error: any Error, _ path: String) -> RunError {
    let text = (error as? DatabaseError)?.message ?? "\(error)"
    return .store(path: path, problem: text)
  }

  private static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("runs") { database in
      try database.execute(
        sql: """
          CREATE TABLE run (
            id TEXT PRIMARY KEY, sweep TEXT, folder TEXT NOT NULL, script TEXT NOT NULL, script_digest TEXT NOT NULL,
            version TEXT NOT NULL, status TEXT NOT NULL, exit_code INTEGER NOT NULL, attempt INTEGER NOT NULL,
            started REAL NOT NULL, seconds REAL NOT NULL, peak_bytes INTEGER NOT NULL, message TEXT, value TEXT
          ) STRICT;
          CREATE INDEX run_sweep ON run (sweep, status);
          CREATE TABLE parameter (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, name TEXT NOT NULL, kind TEXT NOT NULL, value ANY,
            PRIMARY KEY (run, name)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE metric (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, place INTEGER NOT NULL, name TEXT NOT NULL, step INTEGER,
            value REAL NOT NULL, PRIMARY KEY (run, place)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE artifact (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, name TEXT NOT NULL, digest TEXT NOT NULL,
            bytes INTEGER NOT NULL, PRIMARY KEY (run, name)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE environment (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (run, key)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    return migrator
  }

  /// Takes results in, all or none; one that is there already takes the place of the older.
  ///
  /// - Parameter folders: Where the results were, relative to the root.
  public func ingest(_ results: [(result: RunResult, sweep: String?, folder: String)]) throws {
    do { try database.write { database in for row in results { try Self.insert(row, database) } } } catch {
      throw Self.problem(error, path)
    }
  }

  /// Forgets everything and takes results in.
  public func replaceAll(with results: [(result: RunResult, sweep: String?, folder: String)]) throws {
    do {
      try database.write { database in
        try database.execute(sql: "DELETE FROM run")
        for row in results { try Self.insert(row, database) }
      }
    } catch { throw Self.problem(error, path) }
  }

  private static func insert(
    _ row: (result: RunResult, sweep: String?, folder: String), _ database: Database
  ) throws {
    let result = row.result
    try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [result.id])
    try database.execute(
      sql: "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        result.id, row.sweep, row.folder, result.script, result.scriptDigest, result.version,
        result.status.rawValue, result.exitCode, result.attempt, result.started, result.seconds,
        result.peakBytes, result.message, result.value,
      ])
    let parameter = try database.cachedStatement(sql: "INSERT INTO parameter VALUES (?, ?, ?, ?)")
    for (name, value) in result.parameters.sorted(by: { $0.key < $1.key }) {
      let (kind, stored) = value.stored
      try parameter.execute(arguments: [result.id, name, kind, stored])
    }
    let metric = try database.cachedStatement(sql: "INSERT INTO metric VALUES (?, ?, ?, ?, ?)")
    for (place, value) in result.metrics.enumerated() {
      try metric.execute(arguments: [result.id, place, value.name, value.step, value.value])
    }
    for artifact in result.artifacts {
      try database.execute(
        sql: "INSERT INTO artifact VALUES (?, ?, ?, ?)",
        arguments: [result.id, artifact.name, artifact.digest, artifact.bytes])
    }
    for (key, value) in result.environment.sorted(by: { $0.key < $1.key }) {
      try database.execute(
        sql: "INSERT INTO environment VALUES (?, ?, ?)", arguments: [result.id, key, value])
    }
  }

  /// The statuses of a sweep's runs by id.
  public func statuses(sweep: String) throws -> [String: RunStatus] {
    try reading { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT id, status FROM run WHERE sweep = ?", arguments: [sweep])
      return Dictionary(
        uniqueKeysWithValues: rows.map { ($0["id"], RunStatus(rawValue: $0["status"]) ?? .failed) })
    }
  }

  /// The ids of all runs.
  public func ids() throws -> Set<String> {
    try reading { try Set(String.fetchAll($0, sql: "SELECT id FROM run")) }
  }

  /// Runs, the earliest first.
  ///
  /// - Parameters:
  ///   - sweep: Only of this sweep.
  ///   - status: Only with this status.
  ///   - ids: Only those that begin with one of these.
  public func runs(sweep: String? = nil, status: RunStatus? = nil, ids: [String]? = nil) throws -> [StoredRun]
  {
    try reading { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM run WHERE (?1 IS NULL OR sweep = ?1) AND (?2 IS NULL OR status = ?2) ORDER BY started, id
          """, arguments: [sweep, status?.rawValue])
      let wanted = rows.filter { row in
        let id: String = row["id"]
        return ids?.contains { id.hasPrefix($0) } ?? true
      }
      // One query a table beats one a run.
      let isAll = wanted.count > 200
      func details(_ table: String, _ order: String) throws -> [String: [Row]] {
        let marks = wanted.map { _ in "?" }.joined(separator: ", ")
        let condition = isAll ? "" : "WHERE run IN (\(marks))"
        let arguments = isAll ? StatementArguments() : StatementArguments(wanted.map { $0["id"] as String })
        return Dictionary(
          grouping: try Row.fetchAll(
            database, sql: "SELECT * FROM \(table) \(condition) ORDER BY run, \(order)", arguments: arguments)
        ) { $0["run"] }
      }
      let (parameters, metrics) = (try details("parameter", "name"), try details("metric", "place"))
      let (artifacts, environment) = (try details("artifact", "name"), try details("environment", "key"))
      return wanted.map { row in
        let id: String = row["id"]
        return StoredRun(
          row, parameters[id] ?? [], metrics[id] ?? [], artifacts[id] ?? [], environment[id] ?? [])
      }
    }
  }

  /// What a list shows of runs, the earliest first: without reading steps, artifacts and environments.
  public func summaries(sweep: String? = nil, status: RunStatus? = nil) throws -> [RunSummary] {
    try reading { database in
      let condition = "(?1 IS NULL OR sweep = ?1) AND (?2 IS NULL OR status = ?2)"
      let arguments: StatementArguments = [sweep, status?.rawValue]
      var places: [String: Int] = [:]
      var found: [RunSummary] = []
      let runs = try Row.fetchCursor(
        database,
        sql:
          "SELECT id, sweep, status, seconds, script_digest, version FROM run WHERE \(condition) ORDER BY started, id",
        arguments: arguments)
      while let row = try runs.next() {
        let id: String = row[0]
        places[id] = found.count
        found.append(
          RunSummary(
            id: id, sweep: row[1], status: RunStatus(rawValue: row[2]) ?? .failed, seconds: row[3],
            scriptDigest: row[4], version: row[5], parameters: [:], metrics: [:]))
      }
      let isAll = sweep == nil && status == nil
      let chosen = isAll ? "" : "WHERE run IN (SELECT id FROM run WHERE \(condition))"
      let parameters = try Row.fetchCursor(
        database, sql: "SELECT run, name, kind, value FROM parameter \(chosen)",
        arguments: isAll ? StatementArguments() : arguments)
      while let row = try parameters.next() {
        guard let place = places[row[0]] else { continue }
        found[place].parameters[row[1]] = ParameterValue(kind: row[2], stored: row[3])
      }
      // SQLite takes the other columns from the row that has the maximum.
      let metrics = try Row.fetchCursor(
        database, sql: "SELECT run, name, value, MAX(place) FROM metric \(chosen) GROUP BY run, name",
        arguments: isAll ? StatementArguments() : arguments)
      while let row = try metrics.next() {
        guard let place = places[row[0]] else { continue }
        found[place].metrics[row[1]] = row[2]
      }
      return found
    }
  }

  /// The rows of a query of a user, as texts; it can only read.
  ///
  /// - Throws: ``RunError/query(problem:)`` with SQLite's message.
  public func query(_ sql: String) throws -> (columns: [String], rows: [[String?]]) {
    do { return try database.read { try Self.rows(sql, $0) } } catch {
      throw RunError.query(problem: (error as? DatabaseError)?.message ?? "\(error)")
    }
  }

  private static func rows(_ sql: String, _ database: Database) throws -> (
    columns: [String], rows: [[String?]]
  ) {
    let statement = try database.makeStatement(sql: sql)
    let rows = try Row.fetchCursor(statement)
    var found: [[String?]] = []
    while let row = try rows.next() {
      found.append(row.databaseValues.map { $0.isNull ? nil : $0.storage.value.map { "\($0)" } })
    }
    return (statement.columnNames, found)
  }

  /// Removes runs; their folders stay.
  public func remove(_ ids: [String]) throws {
    do {
      try database.write { database in
        for id in ids { try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [id]) }
      }
    } catch { throw Self.problem(error, path) }
  }

  /// What `PRAGMA integrity_check` and `foreign_key_check` complain about.
  public func damage() throws -> [String] {
    try reading { database in
      let integrity = try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
      let keys = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { "\($0)" }
      return integrity + keys
    }
  }

  private func reading<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do { return try database.read(body) } catch { throw Self.problem(error, path) }
  }
}

/// What a list shows of a run.
public struct RunSummary: Sendable, Equatable {
  /// The trial's id.
  public let id: String
  /// The sweep that it belongs to.
  public let sweep: String?
  /// `done` or `failed`.
  public let status: RunStatus
  /// How long it took.
  public let seconds: Double
  /// The digest of the recipe's text.
  public let scriptDigest: String
  /// The program's version.
  public let version: String
  /// What the recipe was given.
  public internal(set) var parameters: Parameters
  /// The last value of each metric.
  public internal(set) var metrics: [String: Double]
}

/// A run as the store knows it.
public struct StoredRun: Sendable {
  /// What came of it.
  public let result: RunResult
  /// The sweep that it belongs to.
  public let sweep: String?
  /// Its folder, relative to the root.
  public let folder: String

  init(_ row: Row, _ parameters: [Row], _ metrics: [Row], _ artifacts: [Row], _ environment: [Row]) {
    sweep = row["sweep"]
    folder = row["folder"]
    result = RunResult(
      id: row["id"], script: row["script"], scriptDigest: row["script_digest"], version: row["version"],
      parameters: Dictionary(
        uniqueKeysWithValues: parameters.map {
          ($0["name"], ParameterValue(kind: $0["kind"], stored: $0["value"]))
        }),
      status: RunStatus(rawValue: row["status"]) ?? .failed, exitCode: row["exit_code"],
      attempt: row["attempt"],
      started: row["started"], seconds: row["seconds"], peakBytes: row["peak_bytes"], message: row["message"],
      value: row["value"], metrics: metrics.map { Metric($0["name"], $0["value"], step: $0["step"]) },
      artifacts: artifacts.map { Artifact(name: $0["name"], digest: $0["digest"], bytes: $0["bytes"]) },
      environment: Dictionary(uniqueKeysWithValues: environment.map { ($0["key"], $0["value"]) }))
  }
}

extension ParameterValue {
  fileprivate var stored: (kind: String, value: DatabaseValue) {
    switch self {
    case .boolean(let value): ("boolean", value.databaseValue)
    case .integer(let value): ("integer", value.databaseValue)
    case .number(let value): ("number", value.databaseValue)
    case .text(let value): ("text", value.databaseValue)
    }
  }

  fileprivate init(kind: String, stored: DatabaseValue) {
    switch kind {
    case "boolean": self = .boolean(Bool.fromDatabaseValue(stored) ?? false)
    case "integer": self = .integer(Int.fromDatabaseValue(stored) ?? 0)
    case "number": self = .number(Double.fromDatabaseValue(stored) ?? .nan)
    default: self = .text(String.fromDatabaseValue(stored) ?? "")
    }
  }
}
