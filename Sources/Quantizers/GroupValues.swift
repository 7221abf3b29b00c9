import Tensors

/// The values of each group, one after another.
struct GroupValues {
  private let x: Tensor
  private let gathered: [Float]
  private let starts: [Int]

  init(_ x: Tensor, _ layout: GroupLayout) {
    self.x = x
    var counts = [Int](repeating: 0, count: layout.groupCount)
    var isSorted = true
    var last = 0
    layout.forEachRun(in: 0..<x.count) { group, run in
      counts[group] += run.count
      isSorted = isSorted && group >= last
      last = group
    }
    var starts = [0]
    for count in counts { starts.append(starts[starts.count - 1] + count) }
    self.starts = starts
    if isSorted {
      gathered = []
      return
    }
    var next = starts
    var values = [Float](repeating: 0, count: x.count)
    x.withValues { source in
      layout.forEachRun(in: 0..<x.count) { group, run in
        for i in run {
          values[next[group]] = source[i]
          next[group] += 1
        }
      }
    }
    gathered = values
  }

  func withGroup<R>(_ group: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    let range = starts[group]..<starts[group + 1]
    guard gathered.isEmpty else {
      return try gathered.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[range])) }
    }
    return try x.withValues { try body(UnsafeBufferPointer(rebasing: $0[range])) }
  }
}
