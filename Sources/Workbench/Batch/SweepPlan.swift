public import Reporting
public import Runs

/// What a batch would do with each trial, and why.
public struct SweepPlan: Sendable {
  /// One trial of the plan.
  public struct Row: Sendable {
    /// The trial.
    public let trial: Trial
    /// What is known of it.
    public let status: RunStatus
    /// Whether it runs now.
    public let isPending: Bool
    /// Why it runs, or does not.
    public let reason: String
  }

  /// Which trials run.
  public enum Selection: String, Sendable {
    /// Those that are not done.
    case open
    /// Those that failed or were lost.
    case failed
    /// All.
    case all
  }

  /// The trials in the manifest's order.
  public let rows: [Row]

  /// Looks at what there is: results in the store, then the folders.
  ///
  /// - Parameter leftAlone: Trials that do not run, whatever is known of them.
  public init(
    _ manifest: SweepManifest, _ folder: SweepFolder, _ store: RunStore, _ selection: Selection,
    leavingAlone leftAlone: Set<String> = []
  ) throws {
    let stored = try store.statuses(sweep: manifest.header.name)
    // What earlier manifests of the name had: a trial that is new with old parameters has changed elsewhere.
    let isFresh = manifest.trials.allSatisfy { stored[$0.id] != nil }
    let earlier = isFresh ? [] : try folder.plannedTrials()
    let headers = Dictionary(earlier.map { ($0.trial.parameters, $0.header) }) { $1 }
    rows = try manifest.trials.map { trial in
      // A result of a killed parent may not be in the store yet.
      let status = try stored[trial.id] ?? folder.trial(trial.id).status()
      let isPending =
        switch selection {
        case .open: status != .done
        case .failed: status == .failed || status == .lost
        case .all: true
        }
      let runs = isPending && !leftAlone.contains(trial.id)
      let reason =
        status == .new
        ? headers[trial.parameters].map { Self.change(from: $0, to: manifest.header) } ?? "new"
        : status.rawValue
      return Row(trial: trial, status: status, isPending: runs, reason: reason)
    }
  }

  private static func change(from old: SweepManifest.Header, to new: SweepManifest.Header) -> String {
    var parts: [String] = []
    if old.scriptDigest != new.scriptDigest { parts.append("script") }
    if old.inputs != new.inputs { parts.append("inputs") }
    if old.version != new.version { parts.append("version") }
    return parts.isEmpty ? "new" : "changed: " + parts.joined(separator: ", ")
  }

  /// The trials that run now, those of higher priority first.
  public var pending: [Trial] {
    rows.filter(\.isPending).map(\.trial).enumerated()
      .sorted { ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset) }.map(\.element)
  }

  /// How many trials there are for each reason: `12 trials: 4 new, 8 done`.
  public var summary: String {
    var counts: [String: Int] = [:]
    for row in rows { counts[row.reason, default: 0] += 1 }
    let parts = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    return "\(rows.count) trials: \(parts.joined(separator: ", ")); \(pending.count) to run"
  }

  /// The plan as a table.
  public var table: ReportTable {
    let names = Set(rows.flatMap { $0.trial.parameters.keys }).sorted()
    var table = ReportTable(
      columns: [.init("trial", .text), .init("runs", .text), .init("reason", .text)]
        + names.map { .init($0, .text) })
    for row in rows {
      var values: [String: ReportTable.Value] = [
        "trial": .text(row.trial.id), "runs": .text(row.isPending ? "yes" : "no"),
        "reason": .text(row.reason),
      ]
      for (name, value) in row.trial.parameters { values[name] = .text("\(value)") }
      table.add(values)
    }
    return table
  }
}
