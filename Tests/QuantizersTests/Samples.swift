import Tensors

/// Tensors that tests draw from.
enum Samples {
  static func normal(_ shape: Shape, seed: UInt64 = 1, scale: Float = 1) -> Tensor {
    var random = RandomSource(seed: seed)
    return Tensor(shape, (0..<shape.count).map { _ in random.normal() * scale })
  }
}
