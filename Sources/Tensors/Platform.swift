#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func activeProcessorCount() -> Int {
  Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

extension Float {
  /// Natural logarithm, through the C library.
  static func logarithm(_ x: Float) -> Float { logf(x) }
}
