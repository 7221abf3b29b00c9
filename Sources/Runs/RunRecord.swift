/// What is known of a trial's run.
public enum RunStatus: String, Sendable, Codable, CaseIterable {
  /// It has not begun.
  case new
  /// A process works on it.
  case running
  /// Its process went without a result.
  case lost
  /// It ended with an error, or a limit ended it.
  case failed
  /// It ended well.
  case done
}

/// Names of metrics and artifacts: they become names of files.
public enum RunName {
  /// Whether a text can be one: at most 200 bytes, parts between slashes that are neither empty nor dots only.
  public static func isValid(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return name.utf8.count <= 200 && name.utf8.allSatisfy { $0 >= 32 && $0 != 127 }
      && parts.allSatisfy { part in !part.isEmpty && !part.allSatisfy { $0 == "." } }
  }
}

/// One value of a metric.
public struct Metric: Hashable, Sendable, Codable {
  /// Its name.
  public let name: String
  /// The value; finite.
  public let value: Double
  /// The step that it belongs to; `nil` for a value of the whole run.
  public let step: Int?

  /// Makes a value.
  public init(_ name: String, _ value: Double, step: Int? = nil) {
    self.name = name
    self.value = value
    self.step = step
  }
}

/// A file that a run keeps.
public struct Artifact: Hashable, Sendable, Codable {
  /// Its name in the run.
  public let name: String
  /// The SHA-256 digest of its bytes, under which they are stored.
  public let digest: String
  /// Its size.
  public let bytes: Int
}

/// What came of a run: the content of its `result.json`.
public struct RunResult: Hashable, Sendable, Codable {
  /// The trial's id.
  public let id: String
  /// The recipe, as it was named.
  public let script: String
  /// The digest of the recipe's text.
  public let scriptDigest: String
  /// The program's version.
  public let version: String
  /// What the recipe was given.
  public let parameters: Parameters
  /// `done` or `failed`.
  public var status: RunStatus
  /// The process's exit code; 128 + n for signal n.
  public var exitCode: Int32
  /// How often it was tried, this time included.
  public var attempt: Int
  /// When it began, in seconds since 1970.
  public var started: Double
  /// How long it took.
  public var seconds: Double
  /// The most that Lua and its tensors held.
  public var peakBytes: Int
  /// Why it failed.
  public var message: String?
  /// The text that the recipe returned.
  public var value: String?
  /// What it logged, in order.
  public var metrics: [Metric]
  /// The files that it keeps.
  public var artifacts: [Artifact]
  /// Versions, instruction set, host.
  public var environment: [String: String]

  /// The result as one line of JSON.
  public var jsonLine: String {
    get throws { String(decoding: try JSON.encode(self), as: UTF8.self) + "\n" }
  }

  /// The last value of each metric.
  public var lastMetrics: [String: Double] {
    Dictionary(metrics.map { ($0.name, $0.value) }) { _, last in last }
  }
}
