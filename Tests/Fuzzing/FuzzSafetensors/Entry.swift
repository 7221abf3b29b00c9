import FuzzTargets

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FileReaders.safetensors(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}
