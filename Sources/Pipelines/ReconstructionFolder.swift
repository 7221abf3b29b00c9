#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Interchange
public import Layers
public import Quantizers
public import Reconstruction
public import Tensors

/// Keeps the results of finished units as files of a folder, each whole or not at all.
///
/// A file belongs to one run: network, calibration images, units and options. Files of another run are an error, so that
/// no result is mixed with another's.
public struct ReconstructionFolder: ReconstructionJournal {
  /// Where the files are.
  public let path: String
  private let run: String
  private let stage: Int

  /// Makes the journal of one stage of a run; the folder and those above it are made when they are not there, and files that
  /// a killed run was writing are removed.
  ///
  /// - Throws: ``InterchangeError/unwritable(path:reason:)``.
  public init(path: String, stage: Int, run: RunFingerprint) throws {
    self.path = path
    self.run = run.text
    self.stage = stage
    guard Folder.make(path, mode: 0o755) else {
      throw InterchangeError.unwritable(path: path, reason: String(cString: strerror(errno)))
    }
    AtomicFile.removeUnfinished(in: path) { $0.wholeMatch(of: /stage\d+-unit\d+-.+\.safetensors/) != nil }
  }

  private func file(_ unit: ReconstructionUnit, _ index: Int) -> String {
    let name = unit.name.map { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" ? $0 : "-" }
    return "\(path)/stage\(stage)-unit\(index)-\(String(name)).safetensors"
  }

  /// The result of a unit that an earlier run finished.
  ///
  /// - Throws: ``PipelineError/checkpoint(path:problem:)`` for a file of another run.
  public func result(of unit: ReconstructionUnit, index: Int) throws -> UnitResult? {
    let path = file(unit, index)
    guard access(path, F_OK) == 0 else { return nil }
    let file = try SafetensorsFile(path: path)
    guard file.metadata["run"] == run else {
      throw PipelineError.checkpoint(
        path: path,
        problem: "the file belongs to a run with another network, other images, units or options. "
          + "Give another folder, or remove this one to start again.")
    }
    var result = UnitResult()
    for name in file.names {
      let parts = name.split(separator: "/", maxSplits: 2).map(String.init)
      let value = try file.tensor(name)
      switch parts.first {
      case "parameter": result.parameters[parts.dropFirst().joined(separator: "/")] = value
      case "weight_factors": result.weightFactors[parts.dropFirst().joined(separator: "/")] = value.values
      case "activation_factors":
        guard parts.count == 3, let place = Int(parts[1]), (0..<64).contains(place) else { break }
        while result.activationFactors.count <= place { result.activationFactors.append([:]) }
        result.activationFactors[place][parts[2]] = value.values
      default: break
      }
    }
    return result
  }

  /// Keeps a result.
  public func record(_ result: UnitResult, of unit: ReconstructionUnit, index: Int) throws {
    var tensors: [String: Tensor] = [:]
    for (key, value) in result.parameters { tensors["parameter/\(key)"] = value }
    for (key, factors) in result.weightFactors {
      tensors["weight_factors/\(key)"] = Tensor([factors.count], factors)
    }
    for (place, ranges) in result.activationFactors.enumerated() {
      for (name, factors) in ranges {
        tensors["activation_factors/\(place)/\(name)"] = Tensor([factors.count], factors)
      }
    }
    try SafetensorsFile.write(tensors, metadata: ["run": run], to: file(unit, index))
  }
}

/// What a run of fine-tuning depends on, in 64 bits.
///
/// Source: Fowler, Noll and Vo, FNV-1a.
public struct RunFingerprint: Sendable {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  /// Makes the fingerprint of nothing.
  public init() {}

  /// Adds a text.
  public mutating func add(_ text: String) {
    for byte in text.utf8 { mix(UInt64(byte)) }
    mix(0xFF)
  }

  /// Adds shape and values of a tensor.
  public mutating func add(_ tensor: Tensor) {
    add(tensor.shape.description)
    tensor.withValues { for value in $0 { mix(UInt64(value.bitPattern)) } }
  }

  /// Adds what a network computes: its graph and the values of its parameters.
  public mutating func add(_ model: Model) {
    for node in model.graph.nodes {
      let kind = node.layer.map { type(of: $0).kind } ?? "input"
      add("\(node.name) \(kind) \(node.layer?.attributes ?? []) \(node.inputs) \(node.shape)")
    }
    for (key, value) in model.parameters.sorted(by: { $0.key < $1.key }) {
      add(key)
      add(value)
    }
  }

  /// Adds a quantized network: levels and specifications of its grids, and what they make of its weights.
  public mutating func add(_ network: QuantizedModel, execution: Execution) throws {
    add(network.model)
    for grids in [network.weightGrids, network.activationGrids] {
      for (key, grid) in grids.sorted(by: { $0.key < $1.key }) {
        add("\(key) \(grid.group) \((grid as? RegionGrid).map { "\($0.specification)" } ?? "")")
        for group in 0..<grid.groupCount {
          let levels = grid.levels(group: group)
          add(Tensor([levels.count], levels))
        }
        if let weight = network.model.parameters[key] {
          add(try grid.fakeQuantized(weight, execution: execution))
        }
      }
    }
  }

  private mutating func mix(_ word: UInt64) { state = (state ^ word) &* 0x100_0000_01B3 }

  /// The fingerprint in hexadecimal.
  public var text: String { String(state, radix: 16) }
}
