import CKernels
import Tensors

extension Loss {
  /// Sum over rows of `p log(p / q)`, p and q the softmax of target and scores; its gradient is `q - p`.
  func divergence(_ scores: Tensor, _ target: Tensor) throws(LayerError) -> (loss: Double, gradient: Tensor) {
    try Loss.check(scores, target)
    let classes = max(1, scores.shape[-1])
    let images = max(1, scores.count / classes)
    let (wanted, logWanted, logSums) = (Tensor.softmax(target), target.logSumExp(), scores.logSumExp())
    var gradient = Tensor.softmax(scores)
    var loss = 0.0
    gradient.withMutableValues { q in
      for i in 0..<q.count {
        let row = i / classes
        let logRatio = Double(target[i]) - logWanted[row] - (Double(scores[i]) - logSums[row])
        if wanted[i] > 0 { loss += Double(wanted[i]) * logRatio }
        q[i] = (q[i] - wanted[i]) / Float(images)
      }
    }
    return (loss / Double(images), gradient)
  }

  /// Sum over channels, mean over the rest, of `weight |y - target|^power`, times `share`.
  func lpError(
    _ y: Tensor, _ target: Tensor, _ power: Float, _ weight: Tensor?, _ share: Float, _ execution: Execution
  ) throws -> (loss: Double, gradient: Tensor) {
    try Loss.check(y, target)
    if let weight { try Loss.check(y, weight) }
    guard power >= 1 && power <= 4 else {
      throw LayerError.invalid("the power of the loss is \(power); choose 1 to 4")
    }
    let scale = share / Float(max(1, y.count / max(1, y.shape[-1])))
    let shards = Execution.shardCount(for: y.count, grain: 1 << 15)
    var sums = [Double](repeating: 0, count: shards)
    let gradient = try Tensor(y.shape) { gradient in
      try sums.withUnsafeMutableBufferPointer { sums in
        try execution.forEachShard(shards) { shard in
          let range = Execution.range(ofShard: shard, of: shards, count: y.count)
          sums[shard] = y.withValues { y in
            target.withValues { target in
              Loss.lpKernel(y, target, weight, range, power, scale, gradient)
            }
          }
        }
      }
    }
    return (sums.reduce(0, +) * Double(scale), gradient)
  }

  private static func lpKernel(
    _ y: UnsafeBufferPointer<Float>, _ target: UnsafeBufferPointer<Float>, _ weight: Tensor?,
    _ range: Range<Int>, _ power: Float, _ scale: Float, _ gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    guard let y = y.baseAddress, let target = target.baseAddress, let dy = gradient.baseAddress else {
      return 0
    }
    let start = range.lowerBound
    func sum(_ weight: UnsafePointer<Float>?) -> Double {
      aq_lp_loss(range.count, y + start, target + start, weight, power, scale, dy + start)
    }
    return weight?.withValues { sum($0.baseAddress.map { $0 + start }) } ?? sum(nil)
  }
}
