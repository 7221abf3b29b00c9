/// How the axes of an ONNX tensor run over the memory of one of our values.
///
/// Memory is cut into factors, outermost first: `[H, W, C]` for an image, `[G, P]` for C = G P channels once something
/// looks at groups. Every axis of the tensor runs over some factors, outermost first. Reshape, Transpose, Flatten,
/// Squeeze and Unsqueeze then move no values: an NCHW image is `[[batch], [C], [H], [W]]` over `[H, W, C]`, its Flatten
/// `[[batch], [C, H, W]]`, and a Transpose to NHWC and back is nothing.
struct ONNXView: Equatable {
  /// Extents of the factors of one image's memory, outermost first.
  private(set) var factors: [Int]
  /// For each axis the indices of its factors; ``batch`` for the images of a batch.
  private(set) var axes: [[Int]]

  /// The factor that stands for the images of a batch.
  static let batch = -1

  /// A view of an image `[H, W, C]` as `[N, C, H, W]`.
  static func image(_ height: Int, _ width: Int, _ channels: Int) -> ONNXView {
    ONNXView(factors: [height, width, channels], axes: [[batch], [2], [0], [1]])
  }

  /// A view of memory `[A, B, C]` as `[N, A, B, C]`, of `[F]` as `[N, F]`.
  static func plain(_ extents: [Int]) -> ONNXView {
    ONNXView(factors: extents, axes: [[batch]] + extents.indices.map { [$0] })
  }

  var rank: Int { axes.count }

  /// The extent of an axis; `nil` for the batch.
  func extent(_ axis: Int) -> Int? {
    axes[axis].contains(Self.batch) ? nil : axes[axis].reduce(1) { $0 * factors[$1] }
  }

  var extents: [Int?] { axes.indices.map(extent) }

  /// Whether the first axis is the batch, as every layer needs it.
  var startsWithBatch: Bool {
    axes.first == [Self.batch] && !axes.dropFirst().joined().contains(Self.batch)
  }

  /// The values of one image.
  var count: Int { factors.reduce(1, *) }

  /// The axes in another order.
  func transposed(_ order: [Int]) -> ONNXView { ONNXView(factors: factors, axes: order.map { axes[$0] }) }

  /// The tensor without some axes, whose extent is 1.
  func removing(_ removed: Set<Int>) -> ONNXView {
    ONNXView(factors: factors, axes: axes.indices.filter { !removed.contains($0) }.map { axes[$0] })
  }

  /// The tensor with axes of extent 1 at places of the result, in ascending order.
  func inserting(_ inserted: [Int]) -> ONNXView {
    var result = axes
    for axis in inserted { result.insert([], at: axis) }
    return ONNXView(factors: factors, axes: result)
  }

  /// The tensor with other axes behind the batch; `nil` when a new axis would cut across factors.
  ///
  /// Factors are split where the new extents need it: C into `[G, P]` for `[N, G, P, H, W]`.
  func reshaped(_ extents: [Int]) -> ONNXView? {
    var pieces = [[Int]](repeating: [], count: factors.count)
    var newAxes: [[(factor: Int, piece: Int)]] = []
    var order = axes.dropFirst().joined().makeIterator()
    var current = 0
    var remaining = 1
    for extent in extents {
      var needed = extent
      var axis: [(Int, Int)] = []
      while needed > 1 {
        while remaining == 1 {
          guard let next = order.next() else { return nil }
          (current, remaining) = (next, factors[next])
        }
        let taken: Int
        if needed.isMultiple(of: remaining) {
          taken = remaining
        } else if remaining.isMultiple(of: needed) {
          taken = needed
        } else {
          return nil
        }
        axis.append((current, pieces[current].count))
        pieces[current].append(taken)
        needed /= taken
        remaining /= taken
      }
      newAxes.append(axis)
    }
    guard remaining == 1, order.allSatisfy({ factors[$0] == 1 }) else { return nil }
    var starts = [0]
    for piece in pieces { starts.append(starts[starts.count - 1] + piece.count) }
    return ONNXView(
      factors: pieces.flatMap { $0 },
      axes: [[Self.batch]] + newAxes.map { $0.map { starts[$0.factor] + $0.piece } }
    ).coalesced
  }

  /// The same view without factors of extent 1 and with neighbours joined that no axis separates: equal views of equal
  /// memory have equal forms.
  var coalesced: ONNXView {
    // A factor joins the one before it in memory when it also follows it on the same axis.
    var joinsPrevious = [Bool](repeating: false, count: factors.count)
    let kept = factors.indices.filter { factors[$0] != 1 }
    var rank = [Int](repeating: -1, count: factors.count)
    for (place, factor) in kept.enumerated() { rank[factor] = place }
    let big = axes.map { $0.filter { $0 == Self.batch || factors[$0] != 1 } }
    for axis in big where axis.count > 1 {
      for (left, right) in zip(axis, axis.dropFirst()) where left >= 0 && right >= 0 {
        if rank[right] == rank[left] + 1 { joinsPrevious[right] = true }
      }
    }
    var merged: [Int] = []
    var index = [Int](repeating: -1, count: factors.count)
    for factor in kept {
      if joinsPrevious[factor] {
        merged[merged.count - 1] *= factors[factor]
      } else {
        merged.append(factors[factor])
      }
      index[factor] = merged.count - 1
    }
    return ONNXView(
      factors: merged,
      axes: big.map { axis in
        axis.compactMap { $0 == Self.batch ? Self.batch : joinsPrevious[$0] ? nil : index[$0] }
      })
  }

  /// Whether an axis runs over exactly the innermost `width` values of memory, and in which order.
  func order(alongAxis axis: Int, width: Int) -> Order {
    let view = coalesced
    let own = view.axes[axis]
    guard own.allSatisfy({ $0 >= 0 }), own.reduce(1, { $0 * view.factors[$1] }) == width else {
      return .elsewhere
    }
    let trailing = (view.factors.count - own.count)..<view.factors.count
    guard Set(own) == Set(trailing) else { return .elsewhere }
    return own.count <= 1 ? .memory : .permuted
  }

  /// How an axis runs over the innermost values of memory.
  enum Order { case memory, permuted, elsewhere }

  /// For each position along an axis that runs over the innermost values, its position in memory.
  func positions(alongAxis axis: Int) -> [Int] {
    let view = coalesced
    let strides = RowMajor.strides(view.factors)
    return RowMajor.places(view.axes[axis].map { (extent: view.factors[$0], stride: strides[$0]) })
  }

  /// The view with the innermost `width` values of memory replaced by `newWidth`, all of them on one axis in memory order.
  ///
  /// - Returns: `nil` unless the axis runs over exactly those in order.
  func resized(axis: Int, width: Int, to newWidth: Int) -> ONNXView? {
    let view = coalesced
    let own = view.axes[axis]
    if own.isEmpty {
      // An axis of extent 1 with a width of 1: the factor is made new.
      guard width == 1 else { return nil }
      var axes = view.axes
      axes[axis] = [view.factors.count]
      return ONNXView(factors: view.factors + [newWidth], axes: axes)
    }
    guard own == [view.factors.count - 1], view.factors[own[0]] == width else { return nil }
    return ONNXView(factors: view.factors.dropLast() + [newWidth], axes: view.axes)
  }
}
