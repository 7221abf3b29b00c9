import Dispatch
import Synchronization

/// Asks running work to stop: set by Ctrl-C or a deadline, polled by every loop over shards.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  /// Makes a cancellation nobody has asked for yet.
  public init() {}

  /// Asks the work to stop; safe from any thread.
  public func cancel() { flag.store(true, ordering: .relaxed) }

  /// Forgets an earlier request.
  public func reset() { flag.store(false, ordering: .relaxed) }

  /// Whether the work should stop.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Throws when the work should stop.
  ///
  /// - Throws: ``ExecutionError/cancelled``.
  public func check() throws {
    if isCancelled { throw ExecutionError.cancelled }
  }
}

/// What can end an execution from outside.
public enum ExecutionError: Error, Equatable, CustomStringConvertible {
  /// Ctrl-C or a deadline asked the run to stop.
  case cancelled

  /// The message a user reads.
  public var description: String { "interrupted" }
}

/// How work runs: on how many threads, and whether it should go on.
///
/// Work is cut into a number of shards that depends on the work alone, never on the number of
/// threads, and partial results are reduced in the order of the shards: the same bytes for any
/// number of threads.
public struct Execution: Sendable {
  /// Threads used at the same time, at least 1.
  public let threads: Int
  /// Polled before every shard.
  public let cancellation: Cancellation

  /// Makes an execution on `threads` threads.
  public init(threads: Int = 1, cancellation: Cancellation = Cancellation()) {
    self.threads = max(1, threads)
    self.cancellation = cancellation
  }

  /// The number of threads that this machine runs at once.
  public static var machineThreads: Int { max(1, activeProcessorCount()) }

  /// Runs `body` for every shard number in `0 ..< shards`, on up to ``threads`` threads.
  ///
  /// - Throws: the error of the lowest shard that failed, or ``ExecutionError/cancelled``; shards
  ///   that had not begun then do not run.
  public func forEachShard(_ shards: Int, _ body: (Int) throws -> Void) throws {
    try cancellation.check()
    if threads == 1 || shards <= 1 {
      for shard in 0..<shards {
        try cancellation.check()
        try body(shard)
      }
      return
    }
    let next = Atomic<Int>(0)
    let failure = Mutex<(shard: Int, error: any Error)?>(nil)
    // `concurrentPerform` returns after every iteration: `body` does not outlive this call.
    withoutActuallyEscaping(body) { body in
      let shared = UncheckedBox(body)
      DispatchQueue.concurrentPerform(iterations: min(threads, shards)) { _ in
        while true {
          let shard = next.add(1, ordering: .relaxed).oldValue
          if shard >= shards { return }
          do {
            try cancellation.check()
            try shared.value(shard)
          } catch {
            failure.withLock { if $0.map({ shard < $0.shard }) ?? true { $0 = (shard, error) } }
            next.store(shards, ordering: .relaxed)
          }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
  }

  /// The rows of shard `index` when `count` rows are cut into `shards` nearly equal ranges.
  public static func range(ofShard index: Int, of shards: Int, count: Int) -> Range<Int> {
    (count * index / shards)..<(count * (index + 1) / shards)
  }

  /// The number of shards for `count` rows, at least `grain` rows each and at most `limit` shards.
  public static func shardCount(for count: Int, grain: Int, limit: Int = 16) -> Int {
    max(1, min(limit, count / max(1, grain)))
  }
}

private struct UncheckedBox<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
