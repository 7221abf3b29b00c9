#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings
import CKernels
import COneDNN
import Inference
import LuaRuntime
import Reporting
import Tensors

/// The processor, its kernels, threads and memory.
enum MachineChecks {
  static var findings: [Doctor.Finding] {
    [
      instructionSet, kernels,
      Doctor.Finding("oneDNN", .ok, String(cString: aq_onednn_version())),
      Doctor.Finding("threads", .ok, "\(Execution.machineThreads)"), memory,
    ]
  }

  private static var sets: [aq_isa] { (0..<AQ_ISA_COUNT.rawValue).map { aq_isa(rawValue: $0) } }
  private static func name(_ set: aq_isa) -> String { String(cString: aq_isa_name(set)) }

  private static var instructionSet: Doctor.Finding {
    let supported = sets.filter { aq_isa_supported($0) != 0 }.map(name)
    let best = name(aq_isa_best())
    let text = "\(best); this machine runs \(supported.joined(separator: ", "))"
    if let wanted = UserFolders.environment("AQ_ISA"), wanted != best {
      return Doctor.Finding(
        "instruction set", .warn, "\(text), not AQ_ISA=\(wanted). \(nearest(wanted, among: supported))",
        fix: "unset AQ_ISA")
    }
    if best == "scalar", supported.count > 1 {
      return Doctor.Finding(
        "instruction set", .warn, "\(text); AQ_ISA chooses the slowest", fix: "unset AQ_ISA")
    }
    return Doctor.Finding("instruction set", .ok, text)
  }

  private static var kernels: Doctor.Finding {
    let quantizer = aq_quantize_best().map { name($0.pointee.isa) } ?? "none"
    return Doctor.Finding("kernels", .ok, "quantizer \(quantizer), integer \(IntegerKernelVariant.best)")
  }

  private static let leastMemory = 1 << 30

  private static var memory: Doctor.Finding {
    let installed = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    let space = limit.rlim_cur == rlim_t.max ? nil : Int(clamping: limit.rlim_cur)
    // The group of a container or a batch job.
    let group = readText("/sys/fs/cgroup/memory.max").flatMap { Int($0.trimmed) }
    let parts = [
      "\(Decimal.bytes(installed)) installed", space.map { "ulimit -v allows \(Decimal.bytes($0))" },
      group.map { "the control group allows \(Decimal.bytes($0))" },
    ].compactMap { $0 }
    let text = parts.joined(separator: ", ")
    let usable = [installed, space, group].compactMap { $0 }.min() ?? installed
    guard usable < leastMemory else { return Doctor.Finding("memory", .ok, text) }
    return Doctor.Finding(
      "memory", .warn, "\(text); ResNet-size networks need about \(Decimal.bytes(leastMemory))",
      fix: space == usable ? "ulimit -v unlimited" : "augq run --memory \(usable >> 20)M FILE")
  }
}
