#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Foundation

/// Which process did something: its number, when it began, and on which boot of which host.
public struct ProcessIdentity: Hashable, Sendable, Codable {
  /// Its number.
  public let pid: Int32
  /// When it began, in clock ticks since the boot; numbers are used again.
  public let began: String
  /// The boot's id.
  public let boot: String
  /// The host's name.
  public let host: String
  /// The shard that it works for, as ``JobManifest/owner(_:)`` names it; `nil` when a scheduler has no part in it.
  public var shard: String?

  /// This process.
  public static var current: ProcessIdentity { current(shard: nil) }

  /// This process, at work for a shard.
  public static func current(shard: String?) -> ProcessIdentity {
    ProcessIdentity(
      pid: getpid(), began: began(getpid()) ?? "", boot: boot, host: host, shard: shard)
  }

  /// Whether it is a process of this host.
  public var isLocal: Bool { host == Self.host }

  /// Whether it still runs; a process of another host counts as running, for nobody here can tell.
  public var isAlive: Bool {
    guard isLocal else { return true }
    return boot == Self.boot && Self.began(pid) == began
  }

  private static var host: String { ProcessInfo.processInfo.hostName }

  private static var boot: String {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
  }

  /// Field 22 of the process's status line; `nil` when there is no such process, or it is a zombie.
  private static func began(_ pid: Int32) -> String? {
    guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let end = line.lastIndex(of: ")")
    else { return nil }
    // The name may hold spaces: fields are counted behind it, from the third on.
    let fields = line[line.index(after: end)...].split(separator: " ")
    return fields.count > 19 && fields[0] != "Z" ? String(fields[19]) : nil
  }
}
