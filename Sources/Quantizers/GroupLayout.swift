import Tensors

/// Where the groups of a tensor lie in memory.
struct GroupLayout {
  let count: Int
  let groupCount: Int
  /// Whether a run also ends with a row of axis 0 (blocks do not cross rows).
  let breaksAtRows: Bool
  private let map: GroupMap
  /// Values per index of axis 0.
  let row: Int
  private let inner: Int

  /// Resolves a map on a shape.
  init(_ map: GroupMap, _ shape: Shape, breaksAtRows: Bool = false) throws(QuantizationError) {
    self.map = map
    self.breaksAtRows = breaksAtRows
    count = shape.count
    row = shape.rank > 0 ? max(1, shape.droppingFirst.count) : 1
    switch map {
    case .tensor:
      inner = max(1, count)
      groupCount = 1
    case .channel(let axis):
      guard axis >= 0 && axis < shape.rank else { throw .axis(axis, shape: shape.description) }
      inner = max(1, shape.dimensions[(axis + 1)...].reduce(1, *))
      groupCount = shape[axis]
    case .block(let size):
      guard size >= 1 else { throw .blockSize(size) }
      // A block does not cross a row: longer ones are rows.
      inner = min(size, row)
      groupCount = count / row * ((row + inner - 1) / inner)
    }
  }

  /// The group of the value at `index` and the end of the run of its neighbours that share it.
  func run(at index: Int) -> (group: Int, end: Int) {
    let rowEnd = (index / row + 1) * row
    switch map {
    case .tensor: return (0, breaksAtRows ? rowEnd : count)
    case .channel: return (index / inner % groupCount, (index / inner + 1) * inner)
    case .block:
      let column = index % row
      let block = column / inner
      let group = index / row * ((row + inner - 1) / inner) + block
      return (group, min(rowEnd, index - column + (block + 1) * inner))
    }
  }

  /// Calls `body` for each run of values that share a group, in memory order.
  func forEachRun(in range: Range<Int>, _ body: (_ group: Int, _ run: Range<Int>) throws -> Void) rethrows {
    var index = range.lowerBound
    while index < range.upperBound {
      let (group, end) = run(at: index)
      let stop = min(end, range.upperBound)
      try body(group, index..<stop)
      index = stop
    }
  }

  /// Runs `body` on shards of the values, whole rows when runs break there.
  func forEachShard(_ execution: Execution, _ body: (_ shard: Int, _ range: Range<Int>) throws -> Void) throws
  {
    let unit = breaksAtRows ? row : 1
    let units = count / unit
    let shards = GroupLayout.shardCount(count)
    try execution.forEachShard(shards) { shard in
      let range = Execution.range(ofShard: shard, of: shards, count: units)
      try body(shard, range.lowerBound * unit..<range.upperBound * unit)
    }
  }

  static func shardCount(_ count: Int) -> Int { Execution.shardCount(for: count, grain: 1 << 15) }
}
