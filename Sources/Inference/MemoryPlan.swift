/// Where each node's output lies in a shard's memory.
struct MemoryPlan: Sendable {
  /// Whether outputs that nobody reads any more give their place to later ones.
  enum Reuse { case live, none }

  /// Offsets by node, in bytes.
  let offsets: [Int]
  /// Where scratch begins.
  let scratch: Int
  /// Everything together.
  let byteCount: Int
  /// What each node's step reads and writes.
  private(set) var places: [StepPlaces] = []

  /// Plans memory for outputs of the given sizes.
  ///
  /// - Parameter lastUse: The last node that reads each output.
  init(sizes: [Int], lastUse: [Int], scratchBytes: Int, reuse: Reuse) {
    var offsets: [Int] = []
    var live: [(range: Range<Int>, until: Int)] = []
    var end = 0
    for (node, size) in sizes.enumerated() {
      if reuse == .live { live.removeAll { $0.until < node } }
      // First gap that is large enough, between the blocks still in use.
      var place = 0
      for block in live where place + Self.rounded(size) > block.range.lowerBound {
        place = max(place, block.range.upperBound)
      }
      let range = place..<(place + Self.rounded(size))
      live.append((range, lastUse[node]))
      live.sort { $0.range.lowerBound < $1.range.lowerBound }
      offsets.append(place)
      end = max(end, range.upperBound)
    }
    self.offsets = offsets
    scratch = end
    byteCount = end + Self.rounded(scratchBytes)
  }

  /// The plan with the places of steps that read the given nodes.
  func connected(_ inputs: [[Int]]) -> MemoryPlan {
    var plan = self
    plan.places = inputs.enumerated().map { node, inputs in
      StepPlaces(inputs: inputs.map { offsets[$0] }, output: offsets[node], scratch: scratch)
    }
    return plan
  }

  // A cache line more than needed: vector loads of neighbours never leave the block.
  private static func rounded(_ bytes: Int) -> Int { (bytes + 127) & ~63 }
}
