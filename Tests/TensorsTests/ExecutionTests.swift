import Synchronization
import Tensors
import Testing

@Suite struct ExecutionTests {
  @Test(arguments: [1, 2, 5])
  func runsEveryShardOnce(threads: Int) throws {
    let seen = Mutex([Int](repeating: 0, count: 37))

    try Execution(threads: threads).forEachShard(37) { shard in seen.withLock { $0[shard] += 1 } }

    #expect(seen.withLock { $0 } == [Int](repeating: 1, count: 37))
  }

  @Test func shardRangesCoverAllRowsInOrder() {
    for count in [0, 1, 15, 16, 17, 63, 64, 65] {
      let rows = (0..<7).flatMap { Array(Execution.range(ofShard: $0, of: 7, count: count)) }
      #expect(rows == Array(0..<count))
    }
  }

  @Test func cancelledExecutionRunsNothing() {
    let execution = Execution(threads: 2)
    execution.cancellation.cancel()

    #expect(throws: ExecutionError.cancelled) { try execution.forEachShard(3) { _ in Issue.record("ran") } }
  }
}
