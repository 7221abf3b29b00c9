public import LuaRuntime
public import Runs

/// `augq.log` and `augq.artifact`: what a recipe leaves in its run; `augq.runs`: what earlier ones left.
struct RunModule: Sendable {
  let session: Session
  private static let names = "a name of at most 200 bytes without '..' and without empty parts"

  /// Checks that an argument can name something in a run.
  static func check(_ name: String, _ call: LuaCall, _ index: Int) throws {
    guard RunName.isValid(name) else { throw call.wrong(index, names) }
  }

  var functions: [LuaFunction] {
    [
      LuaFunction(
        "log", "Records a value of this run; sweeps compare the last value of each metric.",
        parameters: [
          LuaParameter("metric", "string", "name, such as top1"),
          LuaParameter("value", "number", "a finite number"),
          LuaParameter("step", "integer", "what it belongs to, such as an epoch", optional: true),
        ]
      ) { call in
        let name = try call.string(0)
        try Self.check(name, call, 0)
        let value = try call.number(1)
        guard value.isFinite else { throw call.wrong(1, "a finite number") }
        let step = try call.isAbsent(2) ? nil : call.integer(2)
        try session.journal.log(Metric(name, value, step: step))
        return .none
      },
      LuaFunction(
        "artifact", "Keeps a copy of a file with this run; returns its SHA-256 digest.",
        parameters: [
          LuaParameter("path", "string", "the file"),
          LuaParameter(
            "name", "string", "its name in the run; the path's last part when absent", optional: true),
        ], returns: "string"
      ) { call in
        let path = try call.path(0, for: .read)
        let last = path.split(separator: "/").last.map(String.init) ?? path
        let name = try call.isAbsent(1) ? last : call.string(1)
        try Self.check(name, call, 1)
        let artifact = try session.journal.keep(path, as: name)
        return artifact.map { .string($0.digest) } ?? .nil
      },
      runs,
    ]
  }

  private var runs: LuaFunction {
    LuaFunction(
      "runs",
      "Returns runs, the earliest first: { id, sweep, status, seconds, script_digest, version, parameters, metrics }.",
      parameters: [LuaParameter("options", "table", "options", optional: true)],
      options: [
        LuaOption("sweep", .string, "only of this sweep"),
        LuaOption("status", .name(["done", "failed"]), "only with this status"),
        LuaOption(
          "folder", .path(.write), default: "that of this run, AUGQ_RUNS, or runs",
          "the folder of runs; SQLite keeps files beside what it reads"),
      ],
      returns: "table[]"
    ) { call in
      let given = try call.options(0)
      let usual = session.journal.root ?? UserFolders.environment("AUGQ_RUNS") ?? "runs"
      let folder = try given.string("folder") ?? call.lua.path(usual, for: .write)
      // SQLite follows links: each of its files must lie where the caller may write.
      let files = try ["", "-wal", "-shm"].map {
        try call.lua.path("\(folder)/runs.sqlite\($0)", for: .write)
      }
      guard FileStatus.exists(files[0]) else { throw RunError.unreadable(path: files[0]) }
      let found = try RunStore(root: folder).summaries(
        sweep: given.string("sweep"), status: given.string("status").flatMap(RunStatus.init))
      return .list(found.map(Self.row))
    }
  }

  private static func row(_ run: RunSummary) -> LuaValue {
    .table(
      [
        ("id", .string(run.id)), ("status", .string(run.status.rawValue)), ("seconds", .number(run.seconds)),
        ("script_digest", .string(run.scriptDigest)), ("version", .string(run.version)),
        ("parameters", .table(run.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value.luaValue) })),
        ("metrics", .table(run.metrics.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
      ] + (run.sweep.map { [("sweep", .string($0))] } ?? []))
  }
}

extension ParameterValue {
  /// A plain value of Lua; `nil` for anything else.
  public init?(_ value: LuaValue) {
    switch value {
    case .boolean(let value): self = .boolean(value)
    case .integer(let value): self = .integer(value)
    // JSON writes 1.0 as 1, and has no infinity.
    case .number(let value):
      self = !value.isFinite ? .text("\(value)") : Int(exactly: value).map { .integer($0) } ?? .number(value)
    case .string(let value): self = .text(value)
    default: return nil
    }
  }

  /// The value for Lua.
  public var luaValue: LuaValue {
    switch self {
    case .boolean(let value): .boolean(value)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .text(let value): .string(value)
    }
  }
}
