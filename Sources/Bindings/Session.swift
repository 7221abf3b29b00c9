public import Runs
public import Tensors

/// What one run of a recipe shares with every binding: where the script is, threads, cancellation, progress.
public final class Session: Sendable {
  /// The script's path as the user gave it.
  public let scriptPath: String
  /// What stood behind the script's path on the command line.
  public let arguments: [String]
  /// Threads and cancellation of native work.
  public let execution: Execution
  /// Bytes that Lua and native objects may hold; 0 for no limit.
  public let memoryLimit: Int
  /// Folders of plugins that are searched first.
  public let pluginFolders: [String]
  /// Packages of plugins whose native code may run.
  public let allowedNative: [String]
  /// Where progress goes.
  public let progress: Progress
  /// What the run leaves behind.
  public let journal: RunJournal

  /// Makes a session.
  public init(
    scriptPath: String, arguments: [String], threads: Int = Execution.machineThreads, memoryLimit: Int = 0,
    pluginFolders: [String] = [], allowedNative: [String] = [], journal: RunJournal = .none
  ) {
    self.journal = journal
    self.allowedNative = allowedNative
    self.pluginFolders = pluginFolders
    self.memoryLimit = memoryLimit
    self.scriptPath = scriptPath
    self.arguments = arguments
    execution = Execution(threads: threads)
    progress = Progress()
  }

  /// Bytes of calibration values that may stay in memory: a quarter of the limit, 512 MiB without one.
  public var calibrationBudget: Int { memoryLimit > 0 ? memoryLimit / 4 : 512 << 20 }

  /// The request to stop that Ctrl-C sets.
  public var cancellation: Cancellation { execution.cancellation }

  /// The script's folder: `.` for a bare file name.
  public var scriptFolder: String { FileStatus.folder(of: scriptPath) }

  /// Sets the cancellation behind a pointer; only stores a flag, so a signal handler may call it.
  public static func cancel(fromSignal context: UnsafeMutableRawPointer) {
    Unmanaged<Cancellation>.fromOpaque(context).takeUnretainedValue().cancel()
  }
}
