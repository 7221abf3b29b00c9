import Tensors

/// One timed piece of work.
public struct Measurement: Sendable {
  /// What was timed; the same text on both sides of a comparison with a peer.
  public let work: String
  /// The implementation: an instruction set, or what distinguishes rows of one work.
  public let variant: String
  /// Threads in use.
  public let threads: Int
  /// Least time of one run, nanoseconds.
  public let nanoseconds: Double
  /// Units of work per run, with the unit of the rate, such as `GB/s` for bytes.
  public let amount: (count: Double, unit: String)?
  /// How often this is faster than the reference row of the same run; `nil` for the reference itself.
  public var ratio: Double?
  /// The reference's name.
  public var reference: String?
  /// For a peer's row: how often our fastest row of the same work and threads is as fast.
  public var oursFasterBy: Double?

  /// Makes a row.
  public init(
    _ work: String, _ variant: String, threads: Int = 1, nanoseconds: Double,
    amount: (count: Double, unit: String)? = nil, ratio: Double? = nil, reference: String? = nil
  ) {
    self.work = work
    self.variant = variant
    self.threads = threads
    self.nanoseconds = nanoseconds
    self.amount = amount
    self.ratio = ratio
    self.reference = reference
  }
}

/// Times closures: a warm-up, then the least of several runs, which other processes disturb least.
public struct Stopwatch: Sendable {
  /// Seconds spent on one row, at least.
  let budget: Double

  /// Makes a stopwatch; quick ones only show that a bench works.
  public init(quick: Bool) {
    budget = quick ? 0.002 : 0.4
  }

  /// The least time of one call, nanoseconds.
  ///
  /// - Parameter batch: Calls per reading of the clock, for calls shorter than a microsecond.
  public func nanoseconds(batch: Int = 1, _ body: () throws -> Void) rethrows -> Double {
    try body()
    let clock = ContinuousClock()
    let begin = clock.now
    var best = Double.infinity
    var runs = 0
    while runs < 3 || (clock.now - begin).seconds < budget {
      let start = clock.now
      for _ in 0..<batch { try body() }
      best = min(best, (clock.now - start).seconds * 1e9 / Double(batch))
      runs += 1
    }
    return best
  }

  /// The least time of one call of each, nanoseconds; they take turns, so that a machine which changes its speed does so to all.
  func nanosecondsInTurns(_ bodies: [() throws -> Void]) throws -> [Double] {
    for body in bodies { try body() }
    let clock = ContinuousClock()
    let begin = clock.now
    var best = bodies.map { _ in Double.infinity }
    var rounds = 0
    while rounds < 3 || (clock.now - begin).seconds < 4 * budget * Double(bodies.count) {
      for (index, body) in bodies.enumerated() {
        let start = clock.now
        try body()
        best[index] = min(best[index], (clock.now - start).seconds * 1e9)
      }
      rounds += 1
    }
    return best
  }
}

extension [Measurement] {
  /// The rows of one work with ratios to their first row.
  func comparedWithFirst() -> [Measurement] {
    guard let first else { return [] }
    return enumerated().map { index, row in
      guard index > 0 else { return row }
      var row = row
      row.ratio = first.nanoseconds / row.nanoseconds
      row.reference = first.variant
      return row
    }
  }
}
