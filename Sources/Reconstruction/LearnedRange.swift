import CKernels
import Layers
import Quantizers
import Tensors

/// The learned range factors of a grid, which may leave a random share of the values FP32 (QDrop).
///
///     y = draw < quantizedShare ? r Q(x / r) : x
///
/// Passes over parts of a batch may run at the same time, each a ``RangePass``; their gradients are added after them.
final class LearnedRange {
  private let grid: any QuantizationGrid
  /// The grid with the present factors.
  private(set) var learnedGrid: any QuantizationGrid
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
    learnedGrid = grid
    factors = [Float](repeating: 1, count: grid.groupCount)
    gradient = [Float](repeating: 0, count: grid.groupCount)
  }

  /// Sets the factors, each at least a twentieth: a range must not vanish.
  func setFactors(_ values: [Float]) {
    factors = values.map { max(0.05, $0) }
    learnedGrid = grid.scaled(by: factors)
  }

  /// Begins a step.
  func clearGradient() {
    for group in gradient.indices { gradient[group] = 0 }
  }

  /// Adds the gradient with respect to the logarithms of the factors that passes found.
  func add(logFactors: [Double]) {
    for group in gradient.indices { gradient[group] += Float(logFactors[group]) / factors[group] }
  }

  /// Fake quantization with the present factors, for the images of a batch from number `firstImage` on.
  func pass(firstImage: Int = 0) -> RangePass {
    RangePass(learnedGrid, quantizedShare: quantizedShare, key: key, firstImage: firstImage)
  }
}

/// One forward pass and its adjoint through a ``LearnedRange``.
final class RangePass: TensorTransform, @unchecked Sendable {
  private let grid: any QuantizationGrid
  private let quantizedShare: Float
  private let key: UInt32
  private let firstImage: Int
  private var output: Tensor?
  /// Gradient with respect to the logarithms of the factors; zeros before the adjoint.
  private(set) var logFactors: [Double]

  init(_ grid: any QuantizationGrid, quantizedShare: Float, key: UInt32, firstImage: Int) {
    self.grid = grid
    self.quantizedShare = quantizedShare
    self.key = key
    self.firstImage = firstImage
    logFactors = [Double](repeating: 0, count: grid.groupCount)
  }

  func apply(to x: Tensor, execution: Execution) throws -> Tensor {
    guard quantizedShare > 0 else { return x }
    var y = try grid.fakeQuantized(x, execution: execution)
    if quantizedShare < 1 {
      let first = firstImage * x.shape.droppingFirst.count
      try y.mix(over: x, share: quantizedShare, key: key, first: first, execution)
    }
    output = y
    return y
  }

  func adjoint(_ incoming: Tensor, at x: Tensor, execution: Execution) throws -> Tensor {
    guard let output else { return incoming }
    self.output = nil
    let result = try grid.rangeAdjoint(incoming, at: x, output: output, execution: execution)
    logFactors = result.logFactors
    return result.input
  }
}

extension Tensor {
  /// Keeps each of these values with probability `share` and takes that of `other` else.
  ///
  /// The draw depends on the key and the value's index alone; `first` is the index of the first of these values.
  mutating func mix(
    over other: Tensor, share: Float, key: UInt32, first: Int, _ execution: Execution
  ) throws {
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
          aq_mix(
            range.count, key, UInt32(truncatingIfNeeded: first + start), threshold, other + start, own + start
          )
        }
      }
    }
  }

  func withAddress<R>(_ body: (UnsafePointer<Float>?) -> R) -> R { withValues { body($0.baseAddress) } }
}
