#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Dispatch

/// What the operating system lets a worker process use; 0 for no limit.
public struct ProcessLimits: Sendable, Equatable {
  /// Bytes of address space beyond those in use when the worker starts.
  public var addressSpace = 0
  /// Seconds of processor time, all threads together.
  public var processorSeconds = 0
  /// Bytes of a written file.
  public var fileBytes = 1 << 30
  /// Open files.
  public var openFiles = 128

  /// Makes limits that bound files only.
  public init() {}

  /// Makes the limits around a policy: memory for scratch of native work on top of its own, and more processor time than
  /// wall-clock time by the number of threads.
  public init(_ policy: SandboxPolicy, threads: Int) {
    // What native work needs besides the objects that Lua holds, and the stacks and heaps of threads.
    if policy.memory > 0 { addressSpace = 2 * policy.memory + (1 << 30) }
    if policy.seconds > 0 { processorSeconds = (Int(policy.seconds) + 2) * max(1, threads) }
  }

  /// The options of `augq worker` that stand for the limits.
  var arguments: [String] {
    [
      "--address-space", "\(addressSpace)", "--processor-seconds", "\(processorSeconds)",
      "--file-bytes", "\(fileBytes)", "--open-files", "\(openFiles)",
    ]
  }

  /// Puts the limits on this process, for good; it leaves no core file either.
  public func apply() {
    #if canImport(Glibc)
      Self.limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), 0)
      if addressSpace > 0 {
        Self.limit(__rlimit_resource_t(RLIMIT_AS.rawValue), Self.addressSpaceInUse + addressSpace)
      }
      if processorSeconds > 0 { Self.limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), processorSeconds) }
      if fileBytes > 0 { Self.limit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), fileBytes) }
      if openFiles > 0 { Self.limit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), openFiles) }
    #else
      Self.limit(RLIMIT_CORE, 0)
      if processorSeconds > 0 { Self.limit(RLIMIT_CPU, processorSeconds) }
      if fileBytes > 0 { Self.limit(RLIMIT_FSIZE, fileBytes) }
      if openFiles > 0 { Self.limit(RLIMIT_NOFILE, openFiles) }
    #endif
  }

  #if canImport(Glibc)
    private typealias Resource = __rlimit_resource_t
  #else
    private typealias Resource = Int32
  #endif

  private static func limit(_ resource: Resource, _ amount: Int) {
    // The hard limit of processor time comes a second later: its signal cannot be told from others.
    var given = rlimit(rlim_cur: rlim_t(amount), rlim_max: rlim_t(amount))
    var current = rlimit()
    if getrlimit(resource, &current) == 0 { given.rlim_max = min(current.rlim_max, rlim_t(amount) + 1) }
    given.rlim_cur = min(given.rlim_cur, given.rlim_max)
    setrlimit(resource, &given)
  }

  /// What the process maps now; Linux says it in pages.
  private static var addressSpaceInUse: Int {
    let pages = readText("/proc/self/statm")?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Ends this process when the one that started it goes: its end of standard input closes then.
  public static func followParent() {
    let source = DispatchSource.makeReadSource(fileDescriptor: 0, queue: .global())
    source.setEventHandler {
      var byte: UInt8 = 0
      if read(0, &byte, 1) == 0 { _exit(143) }
    }
    source.activate()
    // A source lives as long as its handler refers to it.
    source.setCancelHandler { _ = source }
  }
}
