import Interchange

/// Programs in `Scripts/peers` that do the same work with other tools.
struct Peers {
  /// A Python that has PyTorch.
  let python: String
  /// The folder `PTQ` of the AuGQ authors' code; its rows are left out when empty.
  let authors: String
  /// A clone of BRECQ's public code; its program does not run when empty.
  var brecq = ""
  /// Where the programs are.
  var folder = "Scripts/peers"

  /// Whether a program has what it needs.
  func canRun(_ program: String) -> Bool { program != "brecq_block.py" || !brecq.isEmpty }

  /// Runs a program; its lines are JSON objects `{work, peer, threads, ms}`.
  func rows(_ program: String) throws -> [Measurement] {
    var arguments = [python, "\(folder)/\(program)"]
    if program == "quantizer.py" && !authors.isEmpty { arguments += ["--authors", authors] }
    if program == "brecq_block.py" { arguments += ["--brecq", brecq] }
    let outcome = try ChildProcess.run(arguments)
    return try outcome.output.split(separator: "\n").map { line in
      let value = try JSONValue(parsing: line.utf8)
      guard let work = value["work"]?.text, let peer = value["peer"]?.text,
        let threads = value["threads"]?.integer,
        let milliseconds = value["ms"]?.number
      else {
        throw ChildProcess.Failure(description: "\(program) printed '\(line)', which is no measurement")
      }
      return Measurement(work, peer, threads: threads, nanoseconds: milliseconds * 1e6)
    }
  }

  /// Puts each peer behind our rows of the same work and threads, with how often our best is as fast.
  static func joined(_ ours: [Measurement], _ peers: [Measurement]) -> [Measurement] {
    ours
      + peers.map { peer in
        let same = ours.filter { peer.work == $0.work && peer.threads == $0.threads }
        // The whole path through a grid where there is one: a peer allocates its result, too.
        let whole = same.filter { $0.variant == "grid" }
        guard let best = (whole.isEmpty ? same : whole).min(by: { $0.nanoseconds < $1.nanoseconds }) else {
          return peer
        }
        var peer = peer
        peer.oursFasterBy = peer.nanoseconds / best.nanoseconds
        return peer
      }
  }
}
