#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import CProcess
import LuaRuntime

/// A running child of an ``IsolatedProcess``: its process group and the pipes to it.
struct ChildProcess {
  /// Places in ``received``.
  static let (output, errors, result) = (0, 1, 2)
  private static let mostBytes = 16 << 20

  /// What came through the pipes so far.
  private(set) var received: [[UInt8]] = [[], [], []]
  private let identifier: pid_t
  /// The ends that this process reads; -1 when closed.
  private var readers: [Int32]
  /// Closes with this process, which the child sees.
  private let lifeline: Int32

  init(_ process: IsolatedProcess) throws {
    // The output comes first: a file that cannot be opened starts nothing.
    var file: Int32 = -1
    if case .file(let path) = process.output {
      file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      guard file >= 0 else {
        throw LuaUsageError("cannot write \(path): \(String(cString: strerror(errno))). Check the folder.")
      }
    }
    defer { if file >= 0 { close(file) } }
    let pipes = try (0..<4).map { _ in try Self.pipe() }
    let isCaptured = process.output == .captured
    let output = isCaptured ? pipes[0].write : file
    let errors = isCaptured ? pipes[1].write : file
    var child = pid_t()
    let code = withCStrings(process.commandLine) { arguments in
      withCStrings(process.environment) { environment in
        aq_spawn(
          &child, process.executable, arguments, environment, process.folder,
          [
            pipes[3].read, output, errors, pipes[2].write,
          ],
          ResultChannel.descriptor + 1)
      }
    }
    identifier = child
    readers = pipes[..<3].map(\.read)
    lifeline = pipes[3].write
    (pipes[..<3].map(\.write) + [pipes[3].read]).forEach { close($0) }
    guard code == 0 else {
      (readers + [lifeline]).forEach { close($0) }
      throw LuaUsageError(
        "cannot start \(process.executable): \(String(cString: strerror(code))). Check the program and the folder."
      )
    }
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    let code = aq_pipe(&ends)
    guard code == 0 else {
      throw LuaUsageError(
        "cannot make a pipe: \(String(cString: strerror(code))). Close files or run fewer workers.")
    }
    return (ends[0], ends[1])
  }

  /// Whether the child has ended; it is not reaped, so that its group cannot be another's meanwhile.
  var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT | WNOHANG) == 0
      && Self.identifier(of: information) == identifier
  }

  private static func identifier(of information: siginfo_t) -> pid_t {
    #if canImport(Glibc)
      information._sifields._sigchld.si_pid
    #else
      information.si_pid
    #endif
  }

  /// Kills the child and whatever it started.
  func kill() {
    #if canImport(Glibc)
      Glibc.kill(-identifier, SIGKILL)
    #else
      Darwin.kill(-identifier, SIGKILL)
    #endif
  }

  /// Reads what is there, waiting for it for a while.
  mutating func drain(milliseconds: Int32) {
    var polls = readers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), milliseconds) > 0 else { return }
    for (index, state) in polls.enumerated() where state.fd >= 0 && state.revents != 0 { read(index) }
  }

  private mutating func read(_ index: Int) {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    let count = unistdRead(readers[index], &block, block.count)
    if count > 0 {
      received[index] += block[..<min(count, max(0, Self.mostBytes - received[index].count))]
    } else if count == 0 || errno != EINTR {
      close(readers[index])
      readers[index] = -1
    }
  }

  /// Ends the group, reads the rest and reaps the child; returns its status as `waitpid` gives it.
  mutating func wait() -> Int32 {
    while !hasEnded { drain(milliseconds: 20) }
    kill()
    while readers.contains(where: { $0 >= 0 }) { drain(milliseconds: 1000) }
    close(lifeline)
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

private func unistdRead(_ descriptor: Int32, _ buffer: inout [UInt8], _ count: Int) -> Int {
  read(descriptor, &buffer, count)
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
  _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = texts.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  return body(copies + [nil])
}
