extension ScriptRunner {
  /// Exit codes, after `sysexits.h` and GNU `timeout`.
  public enum ExitCode {
    /// The script raised an error.
    public static let script: Int32 = 1
    /// Wrong options.
    public static let usage: Int32 = 64
    /// A file is damaged.
    public static let damagedFile: Int32 = 65
    /// A file the user named is not there.
    public static let noInput: Int32 = 66
    /// A program or a service beside the workbench is not there.
    public static let unavailable: Int32 = 69
    /// A bug: the process was ended by a signal.
    public static let bug: Int32 = 70
    /// Output that could not be written.
    public static let cannotWrite: Int32 = 73
    /// The clock ran out.
    public static let timeLimit: Int32 = 124
    /// The limit of memory or of instructions was reached.
    public static let resourceLimit: Int32 = 125
    /// Ctrl-C.
    public static let interrupted: Int32 = 130
  }
}
