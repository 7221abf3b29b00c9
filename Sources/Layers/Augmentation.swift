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
        for (n, move) in moves.enumerated() {
          for y in 0..<height {
            for x in 0..<width {
              let (fromY, fromX) = (y + move.dy, (move.mirrored ? width - 1 - x : x) + move.dx)
              let inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width
              let to = ((n * height + y) * width + x) * channels
              let from = ((n * height + fromY) * width + fromX) * channels
              for c in 0..<channels { target[to + c] = inside ? source[from + c] : 0 }
            }
          }
        }
      }
    }
  }
}
