import CKernels
import Quantizers
import Tensors

/// Fake quantization and range search of one million FP32 values.
enum QuantizerBench {
  static func rows(_ watch: Stopwatch) throws -> [Measurement] {
    var random = RandomSource(seed: 5)
    let x = Tensor([1 << 20], (0..<1 << 20).map { _ in random.normal() })
    let bytes = (count: Double(2 * x.storage.byteCount), unit: "GB/s")
    var target = [Float](repeating: 0, count: x.count)
    let copy = watch.nanoseconds {
      x.withValues { source in target.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: source) }
      }
    }
    return [Measurement("copy, 1 M floats", "memory", nanoseconds: copy, amount: bytes)]
      + (try fakeQuantization(x, bytes, watch)) + (try searches(x, watch))
  }

  /// Every kernel variant against the scalar one, then the whole path through a grid.
  private static func fakeQuantization(
    _ x: Tensor, _ bytes: (count: Double, unit: String), _ watch: Stopwatch
  ) throws -> [Measurement] {
    let work = "AuGQ K=4 fake-quant, 1 M floats"
    let grid = try GridSpecification(bits: 2, intervals: 4).fit(to: x, execution: Execution())
    guard let form = grid.uniformForm(group: 0) else { return [] }
    var rows: [Measurement] = []
    var y = Tensor(zeros: x.shape)
    for index in 0... {
      guard let variant = aq_quantize_variants(index) else { break }
      guard aq_isa_supported(variant.pointee.isa) != 0 else { continue }
      let time = watch.nanoseconds {
        x.withValues { x in
          y.withMutableValues { y in
            _ = variant.pointee.fake_uniform(
              x.baseAddress, y.baseAddress, x.count, form.scale, Float(form.zeroPoint),
              Float(form.levelCount - 1))
          }
        }
      }
      rows.append(Measurement(work, String(cString: variant.pointee.name), nanoseconds: time, amount: bytes))
    }
    rows = rows.comparedWithFirst()
    let whole = try watch.nanoseconds { _ = try grid.fakeQuantized(x, execution: Execution()) }
    rows.append(Measurement(work, "grid", nanoseconds: whole, amount: bytes))
    let published = try GridSpecification(bits: 2, intervals: 4, mode: .published, observer: .lpSearch())
      .fit(to: x, execution: Execution())
    let left = try watch.nanoseconds { _ = try published.fakeQuantized(x, execution: Execution()) }
    rows.append(Measurement(work + ", published", "grid", nanoseconds: left, amount: bytes))
    let backward = try watch.nanoseconds { _ = try grid.adjoint(x, at: x, execution: Execution()) }
    return rows + [
      Measurement("straight-through adjoint, 1 M floats", "grid", nanoseconds: backward, amount: bytes)
    ]
  }

  private static func searches(_ x: Tensor, _ watch: Stopwatch) throws -> [Measurement] {
    try [QuantizationMode.clamp, .published].map { mode in
      let specification = GridSpecification(bits: 2, intervals: 4, mode: mode, observer: .lpSearch())
      let time = try watch.nanoseconds { _ = try specification.fit(to: x, execution: Execution()) }
      let work = "range search, 1 M floats x 80" + (mode == .published ? ", published" : "")
      return Measurement(
        work, "grid", nanoseconds: time, amount: (count: 80 * Double(x.count), unit: "G values/s"))
    }
  }
}
