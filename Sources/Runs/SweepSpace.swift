import Foundation
import Tensors

/// Where the trials of a sweep lie.
public struct SweepSpace: Sendable {
  /// Values that every trial has.
  public var fixed: Parameters = [:]
  /// Every combination of these; names in order, the last one changing fastest.
  public var grid: [String: [ParameterValue]] = [:]
  /// Values that change together: the first of each, then the second of each.
  public var zip: [String: [ParameterValue]] = [:]
  /// Draws for each combination; `nil` for none.
  public var random: RandomDraws?
  /// Combinations as they are, besides the others.
  public var list: [Parameters] = []

  /// Draws from ranges.
  public struct RandomDraws: Sendable {
    /// How many.
    public var count: Int
    /// Of the draws.
    public var seed: UInt64
    /// What is drawn, by name.
    public var ranges: [String: Range]

    /// Makes draws.
    public init(count: Int, seed: UInt64, ranges: [String: Range]) {
      self.count = count
      self.seed = seed
      self.ranges = ranges
    }
  }

  /// What a value is drawn from.
  public enum Range: Sendable {
    /// Between two numbers, evenly.
    case uniform(Double, Double)
    /// Between two numbers above 0, evenly in the logarithm.
    case logarithmic(Double, Double)
    /// Between two whole numbers, both included.
    case integer(Int, Int)
    /// One of some values.
    case choice([ParameterValue])
  }

  /// Makes a space without trials but the fixed one.
  public init() {}

  /// The combinations, in order.
  public var combinations: [Parameters] {
    var result: [Parameters] = [fixed]
    for (name, values) in grid.sorted(by: { $0.key < $1.key }) {
      result = result.flatMap { base in values.map { base.merging([name: $0]) { $1 } } }
    }
    if let count = zip.values.map(\.count).min() {
      result = result.flatMap { base in
        (0..<count).map { index in base.merging(zip.mapValues { $0[index] }) { $1 } }
      }
    }
    if let random {
      let draws = random.draws
      result = result.flatMap { base in draws.map { base.merging($0) { $1 } } }
    }
    let isListOnly = grid.isEmpty && zip.isEmpty && random == nil && !list.isEmpty
    return (isListOnly ? [] : result) + list.map { fixed.merging($0) { $1 } }
  }
}

extension SweepSpace.RandomDraws {
  fileprivate var draws: [Parameters] {
    // A stream for each name: more draws, or another name, leave those that were there.
    let columns = ranges.mapValues { range in range }.map { name, range in
      var source = RandomSource(seed: seed, stream: UInt64(Digest.hex(name).prefix(8), radix: 16) ?? 0)
      return (name, (0..<count).map { _ in range.draw(&source) })
    }
    return (0..<count).map { index in
      Dictionary(uniqueKeysWithValues: columns.map { ($0.0, $0.1[index]) })
    }
  }
}

extension SweepSpace.Range {
  fileprivate func draw(_ source: inout RandomSource) -> ParameterValue {
    let share = Double(source.next() >> 11) * 0x1p-53
    return switch self {
    case .uniform(let low, let high): .number(low + share * (high - low))
    case .logarithmic(let low, let high): .number(low * pow(high / low, share))
    case .integer(let low, let high): .integer(low + min(high - low, Int(share * Double(high - low + 1))))
    case .choice(let values): values[min(values.count - 1, Int(share * Double(values.count)))]
    }
  }
}
