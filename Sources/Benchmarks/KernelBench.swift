import Inference

/// Integer kernels, every variant against the scalar reference.
enum KernelBench {
  static func rows(_ watch: Stopwatch) throws -> [Measurement] {
    try IntegerKernelWorkload.all.flatMap { workload in
      try IntegerKernelVariant.all.map { variant in
        let runner = try workload.runner(on: variant)
        return Measurement(
          workload.name, variant.name, nanoseconds: watch.nanoseconds { runner.run() },
          amount: (count: Double(workload.multiplications), unit: "GMAC/s"))
      }.comparedWithFirst()
    }
  }
}
