public import Reporting

/// `augq bench`: rows of timed work with ratios, ours and the peers'.
public struct Bench {
  /// What can be timed.
  public enum Part: String, CaseIterable, Sendable {
    case quantizer, train, reconstruction, lua, plugins, kernels

    var program: String? {
      switch self {
      case .quantizer: "quantizer.py"
      case .train: "train_resnet20.py"
      case .reconstruction: "brecq_block.py"
      case .lua: "startup.py"
      case .plugins, .kernels: nil
      }
    }
  }

  private let watch: Stopwatch
  private let isQuick: Bool
  private let peers: Peers?

  /// Makes a bench.
  ///
  /// - Parameters:
  ///   - quick: One short run of everything, to see that it works; the figures mean nothing.
  ///   - python: A Python with PyTorch for the peers; none when `nil`.
  ///   - authors: The folder `PTQ` of the AuGQ authors' code, or empty.
  ///   - brecq: A clone of BRECQ's public code, or empty.
  public init(quick: Bool, python: String?, authors: String, brecq: String = "") {
    watch = Stopwatch(quick: quick)
    isQuick = quick
    peers = python.map { Peers(python: $0, authors: authors, brecq: brecq) }
  }

  /// Times the parts and returns the table.
  public func table(_ parts: [Part]) throws -> ReportTable {
    var table = ReportTable(columns: [
      .init("work", .text), .init("variant", .text), .init("threads", .integer), .init("ms", .bits),
      .init("ns", .integer), .init("rate", .number), .init("unit", .text), .init("ratio", .number),
      .init("to", .text),
      .init("augq_faster_by", .number),
    ])
    for part in parts {
      for row in try rows(part) { table.add(row.cells) }
    }
    return table
  }

  private func rows(_ part: Part) throws -> [Measurement] {
    let ours =
      switch part {
      case .quantizer: try QuantizerBench.rows(watch)
      case .train: try TrainBench.rows(watch)
      case .reconstruction: try ReconstructionBench.rows(watch)
      case .lua: try LuaBench.rows(watch, quick: isQuick)
      case .plugins: try PluginBench.rows(watch)
      case .kernels: try KernelBench.rows(watch)
      }
    guard let peers, let program = part.program, peers.canRun(program) else { return ours }
    return Peers.joined(ours, try peers.rows(program))
  }
}

extension Measurement {
  var cells: [String: ReportTable.Value] {
    var cells: [String: ReportTable.Value] = [
      "work": .text(work), "variant": .text(variant), "threads": .number(Double(threads)),
      "ms": .number(nanoseconds / 1e6), "ns": .number(nanoseconds),
    ]
    if let amount {
      cells["rate"] = .number(amount.count / nanoseconds)
      cells["unit"] = .text(amount.unit)
    }
    if let ratio { cells["ratio"] = .number(ratio) }
    if let reference { cells["to"] = .text(reference) }
    if let oursFasterBy { cells["augq_faster_by"] = .number(oursFasterBy) }
    return cells
  }
}
