import CKernels
import Layers
import Quantizers
import Tensors

/// Fake quantization whose range factors are learned, and which may leave a random share of the values FP32 (QDrop).
///
///     y = draw < quantizedShare ? r Q(x / r) : x
///
/// One pass at a time: the adjoint takes the output of the last forward pass.
final class LearnedRange: TensorTransform, @unchecked Sendable {
  private let grid: any QuantizationGrid
  private var scaledGrid: any QuantizationGrid
  private var output: Tensor?
  /// Factors of the groups' ranges.
  private(set) var factors: [Float]
  /// Sum of the gradients with respect to ``factors`` of the passes since it was cleared.
  private(set) var gradient: [Float]
  /// Probability that a value is quantized, 0...1.
  var quantizedShare: Float = 1
  /// What the draws of this step depend on.
  var key: UInt32 = 0

  init(_ grid: any QuantizationGrid) {
    self.grid = grid
    scaledGrid = grid
    factors = [Float](repeating: 1, count: grid.groupCount)
    gradient = [Float](repeating: 0, count: grid.groupCount)
  }

  /// The grid with the present factors.
  var learnedGrid: any QuantizationGrid { scaledGrid }

  /// Sets the factors, each at least a twentieth: a range must not vanish.
  func setFactors(_ values: [Float]) {
    factors = values.map { max(0.05, $0) }
    scaledGrid = grid.scaled(by: factors)
  }

  /// Begins a step: networks that share the range add to its gradient.
  func clearGradient() {
    for group in gradient.indices { gradient[group] = 0 }
  }

  func apply(to x: Tensor, execution: Execution) throws -> Tensor {
    output = nil
    guard quantizedShare > 0 else { return x }
    var y = try scaledGrid.fakeQuantized(x, execution: execution)
    if quantizedShare < 1 { try y.mix(over: x, share: quantizedShare, key: key, execution) }
    output = y
    return y
  }

  func adjoint(_ incoming: Tensor, at x: Tensor, execution: Execution) throws -> Tensor {
    guard let output else { return incoming }
    let result = try scaledGrid.rangeAdjoint(incoming, at: x, output: output, execution: execution)
    for group in gradient.indices { gradient[group] += Float(result.logFactors[group]) / factors[group] }
    return result.input
  }
}

extension Tensor {
  /// Keeps each of these values with probability `share` and takes that of `other` else.
  ///
  /// The draw depends on the key and the value's index alone.
  mutating func mix(over other: Tensor, share: Float, key: UInt32, _ execution: Execution) throws {
    precondition(shape == other.shape)
    let threshold = UInt32(min(Double(UInt32.max), Double(share) * 0x1p32))
    let total = count
    let shards = Execution.shardCount(for: total, grain: 1 << 15)
    try withMutableValues { (own: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      try other.withValues { (other: UnsafeBufferPointer<Float>) throws(any Error) in
        guard let own = own.baseAddress, let other = other.baseAddress else { return }
        try execution.forEachShard(shards) { shard in
          let range = Execution.range(ofShard: shard, of: shards, count: total)
          let start = range.lowerBound
          aq_mix(range.count, key, UInt32(truncatingIfNeeded: start), threshold, other + start, own + start)
        }
      }
    }
  }

  func withAddress<R>(_ body: (UnsafePointer<Float>?) -> R) -> R { withValues { body($0.baseAddress) } }
}
