/// Which values of a tensor share a row of a grid.
///
/// Axes count dimensions of the tensor; for weights `[O, kH, kW, I]` the output channel is axis 0.
public enum GroupMap: Hashable, Sendable {
  /// One group for the whole tensor.
  case tensor
  /// One group per index of `axis`.
  case channel(axis: Int)
  /// One group per output channel (axis 0) and run of `size` consecutive values of the rest (the reduction, in memory order).
  case block(size: Int)
}

/// Who picks a value's interval.
public enum IntervalChoice: Hashable, Sendable {
  /// Each value, by where it lies (AuGQ): the index is part of each code.
  case perValue
  /// Each run of `size` consecutive values along the reduction, by least error: one stored index for `size` codes.
  case perBlock(size: Int)
}

/// What happens to values at and beyond the edges.
public enum QuantizationMode: Hashable, Sendable {
  /// Every value gets a code; zero is always in range; candidates are scored after clamping. Can be packed and compiled.
  case clamp
  /// As the authors' published code: values on an edge, and at or beyond the range, stay FP32 and are counted.
  case published
}
