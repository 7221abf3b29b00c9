public import LuaRuntime

/// What a run or a plugin may do and use.
public struct SandboxPolicy: Sendable {
  /// How much the code is trusted.
  public enum Profile: String, CaseIterable, Sendable {
    /// Own recipes: all of Lua's libraries but bytecode.
    case trusted
    /// An allow-list of functions, files below the roots, limits checked inside this process.
    case restricted
    /// The restricted profile in a process of its own, under limits of the operating system.
    case isolated
  }

  /// How much the code is trusted.
  public var profile: Profile
  /// Folders below which it may read.
  public var readRoots: [String] = []
  /// Folders below which it may read and write.
  public var writeRoots: [String] = []
  /// Bytes that Lua and native objects may hold together; 0 for no limit.
  public var memory = 0
  /// Seconds of wall-clock time; 0 for no limit.
  public var seconds = 0.0
  /// Instructions of Lua; 0 for no limit.
  ///
  /// Counting makes tight loops of Lua about twice as slow.
  public var instructions = 0

  /// Makes the policy of a profile: the trusted one has no limits, the others 2 GiB and 600 s, and no roots.
  public init(_ profile: Profile) {
    self.profile = profile
    guard profile != .trusted else { return }
    memory = 2 << 30
    seconds = 600
  }

  /// The limits that are checked inside Lua, for calls that no ``Deadline`` watches.
  public var budget: LuaBudget { LuaBudget(instructions: instructions, seconds: seconds, memory: memory) }

  /// Resolves the roots.
  ///
  /// - Throws: ``LuaUsageError`` for a root that is not a folder.
  public func files() throws -> FileRoots { try FileRoots(read: readRoots, write: writeRoots) }
}
