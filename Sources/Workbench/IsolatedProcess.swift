#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LuaRuntime
public import Tensors

/// Runs a command of `augq` in a child process under limits of the operating system, and kills it on the wall clock.
///
/// The child has its own process group, which is killed as a whole; no standard input; no descriptors of the parent; an
/// environment with a few allowed variables. It limits itself before it reads its command line, and ends when its parent
/// does. What it promises does not depend on Lua: a script that meets a bug of the interpreter ends the child alone. It
/// does not hide the file system from native code that such a bug would let run.
public struct IsolatedProcess: Sendable {
  /// Where the child's standard output and standard error go.
  public enum Output: Sendable, Equatable {
    /// Into the outcome, the first 16 MiB of each.
    case captured
    /// To where those of this process go.
    case inherited
    /// Both to the end of a file, which is made when it is not there.
    case file(String)
  }

  /// How a child ended.
  public enum Ending: Sendable, Equatable {
    /// With a code.
    case exited(Int32)
    /// By a signal.
    case signalled(Int32)
  }

  /// What became of a child.
  public struct Outcome: Sendable {
    /// How it ended.
    public let ending: Ending
    /// The limit that ended it, where one did and says so.
    public let limit: ResultChannel.Limit?
    /// What it printed, when captured.
    public let output: [UInt8]
    /// What it printed on standard error, when captured.
    public let errors: [UInt8]
    /// What it sent through its ``ResultChannel``; nil unless it ended with code 0.
    public let result: [UInt8]?

    /// The code that `augq` ends with after such a child.
    public var exitCode: Int32 {
      switch (limit, ending) {
      case (.time, _), (.processorTime, _): ScriptRunner.ExitCode.timeLimit
      case (.memory, _), (.instructions, _): ScriptRunner.ExitCode.resourceLimit
      case (.fileSize, _): ScriptRunner.ExitCode.cannotWrite
      case (nil, .exited(let code)): code
      case (nil, .signalled): ScriptRunner.ExitCode.bug
      }
    }

    /// What a user should read about an end that the child could not report itself; nil when it could.
    public func message(_ policy: SandboxPolicy) -> String? {
      guard case .signalled(let signal) = ending else { return nil }
      return switch limit {
      case .time: "stopped after the time limit of \(policy.seconds) s. Raise --time."
      case .processorTime: "stopped after its processor time. Raise --time."
      case .fileSize: "stopped when a file grew beyond what it may write. Write less to one file."
      default:
        "the isolated process was ended by signal \(signal) (\(String(cString: strsignal(signal)))). "
          + "It may have run out of address space: raise --memory; else this is a bug of Lua or of augq."
      }
    }
  }

  /// The command line behind `augq`.
  public var arguments: [String]
  /// What the operating system lets it use.
  public var limits: ProcessLimits
  /// Seconds of wall-clock time; 0 for no limit.
  public var seconds: Double
  /// The working folder; nil for this process's.
  public var folder: String?
  /// Where its output goes.
  public var output = Output.captured
  /// The program.
  public var executable: String

  /// Prepares a child.
  public init(
    _ arguments: [String], limits: ProcessLimits = ProcessLimits(), seconds: Double = 0,
    folder: String? = nil, executable: String = Self.currentExecutable
  ) {
    self.arguments = arguments
    self.limits = limits
    self.seconds = seconds
    self.folder = folder
    self.executable = executable
  }

  /// The path of the program that runs.
  public static var currentExecutable: String {
    guard let real = realpath("/proc/self/exe", nil) ?? realpath(CommandLine.arguments[0], nil) else {
      return CommandLine.arguments[0]
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// Runs the child to its end.
  ///
  /// - Parameter cancellation: Kills the child when asked for; the ending is a signal then.
  /// - Throws: ``LuaUsageError`` when the child cannot be started.
  public func run(cancellation: Cancellation? = nil) throws -> Outcome {
    var child = try ChildProcess(self)
    let clock = ContinuousClock.now
    var isKilled = false
    while !child.hasEnded {
      child.drain(milliseconds: 20)
      let isLate = seconds > 0 && (ContinuousClock.now - clock).seconds > seconds
      if isLate || cancellation?.isCancelled == true {
        isKilled = isLate
        child.kill()
        break
      }
    }
    let status = child.wait()
    let message = ResultChannel.decoded(child.received[ChildProcess.result])
    let signal = status & 0x7f
    let ending = signal == 0 ? Ending.exited((status >> 8) & 0xff) : .signalled(signal)
    var result: [UInt8]?
    if ending == .exited(0), case .value(let bytes) = message { result = bytes }
    return Outcome(
      ending: ending, limit: limit(message, signal: signal, isKilled: isKilled),
      output: child.received[ChildProcess.output], errors: child.received[ChildProcess.errors],
      result: result)
  }

  private func limit(
    _ message: ResultChannel.Message?, signal: Int32, isKilled: Bool
  ) -> ResultChannel.Limit? {
    if case .limit(let limit) = message { return limit }
    if isKilled { return .time }
    return switch signal {
    case SIGXCPU: .processorTime
    case SIGXFSZ: .fileSize
    default: nil
    }
  }

  /// The child's whole command line.
  var commandLine: [String] { [executable, "worker"] + limits.arguments + ["--"] + arguments }

  /// The variables that the child gets.
  var environment: [String] {
    let names = [
      "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "NO_COLOR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
      "AQ_ISA",
      "AUGQ_FASHION_MNIST", "AUGQ_PLUGIN_PATH", "AUGQ_SHARED", "XDG_DATA_HOME",
    ]
    return names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
      + ["\(ResultChannel.variable)=1"]
  }
}
