public import LuaRuntime
public import Runs

/// A plugin of kind `scheduler`, bound to its options: it says which trials of a sweep go on.
public struct TrialScheduler {
  private let bound: BoundPlugin

  init(bound: BoundPlugin) { self.bound = bound }

  /// Binds the plugin that a sweep names: a text, or a table with the name first and its options behind.
  ///
  /// - Throws: ``LuaUsageError`` or ``LuaError`` when there is no such plugin, or it has no such option.
  public init?(_ value: LuaValue?, session: Session, lua: LuaState) throws {
    guard let bound = try BoundPlugin(named: value, "scheduler", PluginFiles(session: session), lua) else {
      return nil
    }
    self.bound = bound
  }

  /// The parameters of the trials to plan next; none when all is done.
  ///
  /// - Parameter trials: Everything that was planned so far, at first the sweep's combinations with status `new`.
  /// - Throws: ``LuaError``, or ``LuaUsageError`` when the plugin returns something else.
  public func next(after trials: [(parameters: Parameters, status: RunStatus, metrics: [String: Double])])
    throws
    -> [Parameters]
  {
    try next(
      .list(
        trials.map { trial in
          .table([
            (
              "parameters",
              .table(trial.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value.luaValue) })
            ),
            ("status", .string(trial.status.rawValue)),
            ("metrics", .table(trial.metrics.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
          ])
        }))
  }

  func next(_ trials: LuaValue) throws -> [Parameters] {
    let found = try bound.plugin.call("next", [trials, bound.options])[0]
    let expected = "a list of tables of parameters"
    guard let rows = found.elements else { throw bound.plugin.wrong("next", found, expected) }
    return try rows.map { row in
      guard case .table(let members) = row else { throw bound.plugin.wrong("next", row, expected) }
      return try Parameters(
        members.map { name, value in
          guard let parameter = ParameterValue(value) else {
            throw bound.plugin.wrong("next", value, expected)
          }
          return (name, parameter)
        }
      ) { first, _ in first }
    }
  }
}
