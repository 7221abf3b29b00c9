/// Places of values in row-major memory.
enum RowMajor {
  /// Values from one index of each axis to the next.
  static func strides(_ extents: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  /// The places that loops over some axes visit, the outermost axis first; a stride of 0 repeats a value.
  static func places(_ axes: some Sequence<(extent: Int, stride: Int)>) -> [Int] {
    axes.reduce([0]) { places, axis in
      places.flatMap { base in (0..<axis.extent).lazy.map { base + $0 * axis.stride } }
    }
  }

  /// Extents with 1s put before them.
  static func aligned(_ extents: [Int], rank: Int) -> [Int] {
    [Int](repeating: 1, count: rank - extents.count) + extents
  }
}
