#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the operating system says about this process.
package enum ResourceUsage {
  /// The largest resident size so far; Linux counts it in KiB.
  package static var peakBytes: Int {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }
}
