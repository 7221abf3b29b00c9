public import Tensors

/// Random changes of training images.
public struct Augmentation: Sendable, Hashable {
  /// Zeros around the image before a random crop of the old size, pixels; 0 for no crop.
  public var crop: Int
  /// Whether half of the images are mirrored left to right.
  public var flip: Bool

  /// Makes a set of changes; none by default.
  public init(crop: Int = 0, flip: Bool = false) {
    self.crop = crop
    self.flip = flip
  }

  /// Returns the batch `[N, H, W, C]` with each image moved and mirrored at random.
  public func applied(to batch: Tensor, random: inout RandomSource) -> Tensor {
    guard crop > 0 || flip, batch.shape.rank == 4 else { return batch }
    let moves = (0..<batch.shape[0]).map { _ in
      (
        dy: crop > 0 ? random.integer(below: 2 * crop + 1) - crop : 0,
        dx: crop > 0 ? random.integer(below: 2 * crop + 1) - crop : 0,
        mirrored: flip && random.integer(below: 2) == 1
      )
    }
    let (height, width, channels) = (batch.shape[1], batch.shape[2], batch.shape[3])
    return Tensor(batch.shape) { target in
      batch.withValues { source in
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        for (n, move) in moves.enumerated() {
          for y in 0..<height {
            let to = target + (n * height + y) * width * channels
            guard (0..<height).contains(y + move.dy) else {
              to.update(repeating: 0, count: width * channels)
              continue
            }
            let from = source + (n * height + y + move.dy) * width * channels
            copyLine(from, to, (width, channels), (move.dx, move.mirrored))
          }
        }
      }
    }
  }

  /// Pixel x of the result is pixel `x + shift` (mirrored: `width - 1 - x + shift`) of the source, 0 outside.
  private func copyLine(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
    _ extents: (width: Int, channels: Int),
    _ move: (shift: Int, mirrored: Bool)
  ) {
    let (width, channels) = extents
    let (shift, mirrored) = move
    for x in 0..<width {
      let from = (mirrored ? width - 1 - x : x) + shift
      let to = target + x * channels
      if from >= 0 && from < width {
        to.update(from: source + from * channels, count: channels)
      } else {
        to.update(repeating: 0, count: channels)
      }
    }
  }
}
