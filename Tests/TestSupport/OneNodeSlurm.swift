import Foundation

/// A Slurm of one node on this machine, gone with its value: the shared scripts start and stop it.
public final class OneNodeSlurm {
  /// What a test that is skipped says.
  public static let absence: String =
    "Slurm's daemons, or slurm/up.sh in the folder of AUGQ_SHARED, are not there: apt-get install slurm-wlm munge"

  /// Whether everything is there.
  public static var isAvailable: Bool {
    let programs = ["sbatch", "munged", "slurmctld", "slurmd"].allSatisfy { name in
      ["/usr/bin/", "/usr/sbin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
    }
    return programs && FileManager.default.isExecutableFile(atPath: SharedData.path("slurm/up.sh"))
  }

  /// The daemons did not come up.
  public struct Failure: Error, CustomStringConvertible {
    /// What `sinfo` says.
    public let description: String
  }

  private let scratch: Scratch
  /// Held by the one Slurm of this machine: its ports are always the same.
  private let lock: Int32

  /// Starts the daemons, when no other test run has any.
  public init() throws {
    scratch = try Scratch()
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("augq-test-slurm.lock").path
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    while flock(lock, LOCK_EX) != 0, errno == EINTR {}
    try run(["/bin/bash", SharedData.path("slurm/up.sh"), folder])
    // A busy machine takes longer than the script waits.
    var state = ""
    for _ in 0..<120 {
      state = try run(["/usr/bin/sinfo", "-h", "-o", "%T"])
      if state == "idle\n" { return }
      Thread.sleep(forTimeInterval: 0.5)
    }
    throw Failure(description: "the node is '\(state)', not idle")
  }

  private var folder: String { scratch.path("slurm") }

  /// What commands of Slurm need to find it.
  public var environment: [String: String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return ["SLURM_CONF": folder + "/etc/slurm.conf", "PATH": path + ":/usr/sbin"]
  }

  /// Runs a command; returns what it printed.
  ///
  /// Daemons must inherit neither the signals that a thread of a test blocks nor the socket by which Foundation
  /// waits for a process.
  @discardableResult
  public func run(_ command: [String]) throws -> String {
    #if canImport(Glibc)
      let printed = scratch.path(UUID().uuidString)
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      posix_spawn_file_actions_addopen(&actions, 1, printed, O_WRONLY | O_CREAT, 0o600)
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      var signals = sigset_t()
      sigemptyset(&signals)
      posix_spawnattr_setsigmask(&attributes, &signals)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
      let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      var child = pid_t()
      let words = command.map { strdup($0) }
      let settings = variables.map { strdup("\($0.key)=\($0.value)") }
      defer { (words + settings).forEach { free($0) } }
      guard posix_spawn(&child, command[0], &actions, &attributes, words + [nil], settings + [nil]) == 0
      else {
        throw Failure(description: "cannot run \(command[0])")
      }
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      return try String(contentsOfFile: printed, encoding: .utf8)
    #else
      throw Failure(description: "Slurm is for Linux")
    #endif
  }

  deinit {
    let numbers = ["d.pid", "ctld.pid", "munge/pid"].compactMap { name in
      (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
        .flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    _ = try? run(["/bin/bash", SharedData.path("slurm/down.sh"), folder])
    for _ in 0..<100 where numbers.contains(where: { kill($0, 0) == 0 }) {
      Thread.sleep(forTimeInterval: 0.1)
    }
    close(lock)
  }
}
