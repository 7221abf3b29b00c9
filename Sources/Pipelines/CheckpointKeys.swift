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
    let parts = [
      Self.listed("missing", missing, of: keys.count, "the architecture's", near: unexpected, "the file has"),
      Self.listed(
        "unexpected", unexpected, of: names.count, "the file's", near: missing, "the architecture has"),
    ]
    throw .checkpoint(
      path: path,
      problem: parts.compactMap { $0 }.joined(separator: "; ")
        + ". Load the architecture the file was made for, or name its nodes as the file does.")
  }

  private static func listed(
    _ adjective: String, _ keys: [String], of total: Int, _ owner: String, near others: [String],
    _ has: String
  ) -> String? {
    guard !keys.isEmpty else { return nil }
    let shown = keys.prefix(5).map { key in
      let nearest = others.min { (editDistance($0, key), $0) < (editDistance($1, key), $1) }
      return "'\(key)'" + (nearest.map { " (\(has) '\($0)')" } ?? "")
    }
    let rest = keys.count > shown.count ? ", and \(keys.count - shown.count) more" : ""
    return "\(adjective) \(keys.count) of \(owner) \(total) keys: \(shown.joined(separator: ", "))\(rest)"
  }
}
