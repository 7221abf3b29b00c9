/// One of the parts that a job's trials are cut into: what one task of a scheduler runs.
public struct Shard: Hashable, Sendable {
  /// Its place, from 0 on.
  public let index: Int
  /// How many shards there are.
  public let count: Int

  /// Variables that may hold the index, the first that is set counts; and the number of the first index.
  static let variables: [(name: String, first: Int)] = [
    ("AUGQ_SHARD", 0), ("SLURM_ARRAY_TASK_ID", 0), ("JOB_COMPLETION_INDEX", 0), ("PBS_ARRAY_INDEX", 0),
    ("SGE_TASK_ID", 1),
  ]

  /// Makes a shard.
  ///
  /// - Throws: ``ShardError/outside(index:count:source:)``.
  public init(index: Int, of count: Int, source: String = "--shard") throws {
    guard (0..<count).contains(index) else {
      throw ShardError.outside(index: index, count: count, source: source)
    }
    self.index = index
    self.count = count
  }

  /// The shard that the environment names.
  ///
  /// - Throws: ``ShardError``.
  public init(of count: Int, environment: [String: String]) throws {
    // Grid Engine says "undefined" outside of arrays.
    let isSet = { (name: String) in !["", "undefined"].contains(environment[name] ?? "") }
    guard let (name, first) = Self.variables.first(where: { isSet($0.name) }) else {
      throw ShardError.unnamed(variables: Self.variables.map(\.name))
    }
    let text = environment[name] ?? ""
    guard let number = Int(text), number >= first else {
      throw ShardError.malformed(variable: name, text: text, first: first)
    }
    try self.init(index: number - first, of: count, source: name)
  }

  /// The places of its trials among `total`; shards differ by at most one trial.
  public func range(of total: Int) -> Range<Int> {
    let (least, longer) = total.quotientAndRemainder(dividingBy: count)
    let begin = index * least + min(index, longer)
    return begin..<begin + least + (index < longer ? 1 : 0)
  }
}

/// What can be wrong with the number of a shard.
public enum ShardError: Error, Equatable, CustomStringConvertible {
  /// Nothing says which shard.
  case unnamed(variables: [String])
  /// A variable holds no index.
  case malformed(variable: String, text: String, first: Int)
  /// There are not so many shards.
  case outside(index: Int, count: Int, source: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .unnamed(let variables):
      "nothing says which shard to run. Give --shard, or set one of \(variables.joined(separator: ", "))."
    case .malformed(let variable, let text, let first):
      "\(variable) is '\(text)'; a shard is a whole number of at least \(first)."
    case .outside(let index, let count, let source):
      "\(source) names shard \(index), counted from 0, of \(count). Start as many tasks as the manifest has shards."
    }
  }
}
