public import Bindings
import Reporting

/// `augq doctor`: what the workbench finds on this machine, and the command that repairs what is missing.
public struct Doctor {
  /// How bad a finding is, and the exit code of a report whose worst it is.
  public enum Status: Int32, Comparable, Sendable {
    case ok = 0
    /// Something works less well.
    case warn = 1
    /// Something does not work.
    case error = 2

    /// Whether one is less bad than another.
    public static func < (a: Status, b: Status) -> Bool { a.rawValue < b.rawValue }
  }

  /// One line of the report.
  public struct Finding: Sendable {
    /// What was looked at.
    public let check: String
    /// How bad it is.
    public let status: Status
    /// What was found.
    public let text: String
    /// The command that repairs it; of a finding that is well, the command that adds what is optional.
    public let fix: String?

    init(_ check: String, _ status: Status, _ text: String, fix: String? = nil) {
      (self.check, self.status, self.text, self.fix) = (check, status, text, fix)
    }
  }

  /// Everything that is looked at, in the order of the report.
  static let checks: [@Sendable (Session) -> [Finding]] = [
    { _ in [LuaChecks.version] }, { _ in MachineChecks.findings }, { _ in DataChecks.findings },
    { _ in FolderChecks.findings }, { PluginChecks.findings($0) }, { _ in ToolChecks.findings },
  ]

  /// The findings.
  public let findings: [Finding]

  /// Looks at everything.
  public init(session: Session) {
    findings = Self.checks.flatMap { $0(session) }
  }

  /// 0 when all is well, 1 with warnings, 2 with errors.
  public var exitCode: Int32 { findings.map(\.status).max()?.rawValue ?? 0 }

  /// One line per finding, and below it the command that helps.
  public var text: String {
    let width = findings.map(\.check.count).max() ?? 0
    return findings.map { finding in
      let gap = String(repeating: " ", count: width - finding.check.count)
      let status = "\(finding.status)".padding(to: 5)
      let fix = finding.fix.map { "\(String(repeating: " ", count: width + 9))> \($0)\n" } ?? ""
      return "\(status)  \(finding.check)\(gap)  \(finding.text)\n\(fix)"
    }.joined()
  }

  /// One JSON object a line: check, status, text, fix.
  public var jsonLines: String {
    var table = ReportTable(columns: ["check", "status", "text", "fix"].map { .init($0, .text) })
    for finding in findings {
      table.add([
        "check": .text(finding.check), "status": .text("\(finding.status)"), "text": .text(finding.text),
        "fix": finding.fix.map { .text($0) } ?? .missing,
      ])
    }
    return table.jsonLines
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
