public import LuaRuntime
public import Runs

/// `augq.log` and `augq.artifact`: what a recipe leaves in its run.
struct RunModule: Sendable {
  let session: Session
  private static let names = "a name of at most 200 bytes without '..' and without empty parts"

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
        guard RunName.isValid(name) else { throw call.wrong(0, Self.names) }
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
        guard RunName.isValid(name) else { throw call.wrong(1, Self.names) }
        let artifact = try session.journal.keep(path, as: name)
        return artifact.map { .string($0.digest) } ?? .nil
      },
    ]
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
