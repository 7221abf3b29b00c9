import Interchange
import Layers

/// The keys of a file of weights, without what PyTorch adds to them.
struct CheckpointKeys {
  private let path: String
  /// Names in the file, by key.
  private let names: [String: String]

  /// Reads the names of a file; a PyTorch file loses the prefix that `DataParallel` gives to every key, and the
  /// counters of its batch norms.
  init(_ file: SafetensorsFile, _ layout: WeightLayout) {
    path = file.path
    let wanted = layout == .augq ? file.names : file.names.filter { !$0.hasSuffix("num_batches_tracked") }
    let prefix = layout == .pytorch && wanted.allSatisfy { $0.hasPrefix("module.") } ? "module." : ""
    names = Dictionary(wanted.map { (String($0.dropFirst(prefix.count)), $0) }) { first, _ in first }
  }

  /// The names in the file of an architecture's keys.
  ///
  /// - Throws: ``PipelineError/checkpoint(path:problem:)`` that lists missing and unexpected keys with the nearest names.
  func names(for keys: [String]) throws(PipelineError) -> [String: String] {
    let missing = keys.filter { names[$0] == nil }.sorted()
    let unexpected = Set(names.keys).subtracting(keys).sorted()
    if missing.isEmpty, unexpected.isEmpty { return names }
    let differences = [
      KeyDifference(adjective: "missing", keys: missing, owner: "architecture", total: keys.count),
      KeyDifference(adjective: "unexpected", keys: unexpected, owner: "file", total: names.count),
    ]
    let parts = [
      differences[0].text(nearestOf: differences[1]), differences[1].text(nearestOf: differences[0]),
    ]
    throw .checkpoint(
      path: path,
      problem: parts.compactMap { $0 }.joined(separator: "; ")
        + ". Load the architecture the file was made for, or name its nodes as the file does.")
  }
}

/// Keys that one side has and the other has not.
private struct KeyDifference {
  let adjective: String
  let keys: [String]
  /// The side that has them, and how many keys it has.
  let owner: String
  let total: Int

  /// The first keys, each with the nearest that only the other side has; `nil` when there are none.
  func text(nearestOf other: KeyDifference) -> String? {
    guard !keys.isEmpty else { return nil }
    let shown = keys.prefix(5).map { key in
      let nearest = other.keys.min { (editDistance($0, key), $0) < (editDistance($1, key), $1) }
      return "'\(key)'" + (nearest.map { " (the \(other.owner) has '\($0)')" } ?? "")
    }
    let rest = keys.count > shown.count ? ", and \(keys.count - shown.count) more" : ""
    return
      "\(adjective) \(keys.count) of the \(owner)'s \(total) keys: \(shown.joined(separator: ", "))\(rest)"
  }
}
