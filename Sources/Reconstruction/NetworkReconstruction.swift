public import Layers
public import Quantizers
public import Tensors

/// A part of a network that is fine-tuned at once.
public struct ReconstructionUnit: Hashable, Sendable {
  /// What messages and reports call it.
  public let name: String
  /// Where it is.
  public let region: GraphRegion

  /// Makes a unit.
  public init(name: String, region: GraphRegion) {
    self.name = name
    self.region = region
  }
}

/// What fine-tuning of one unit did.
public struct UnitReport: Sendable {
  /// The unit's name.
  public let name: String
  /// Output error of the unit over all calibration images, weighted as the steps are; weights rounded to nearest, ranges
  /// as they were.
  public let before: Double
  /// The same with the weights and ranges found; never larger, as nearest rounding is kept otherwise.
  public let after: Double
  /// Share of the weights whose rounding the regulariser had not decided at the end, 0...1.
  public let undecided: Double
  /// Wall-clock time, 0 for a unit that was taken from the journal.
  public let seconds: Double
  /// The loss over the steps; empty for a unit that was taken from the journal.
  public let curve: LossCurve
}

/// The loss of the steps of a unit as means over stretches of equal length.
public struct LossCurve: Hashable, Sendable {
  /// The last step of each stretch, from 1.
  public private(set) var steps: [Int] = []
  /// The mean loss of each stretch.
  public private(set) var losses: [Double] = []
  private let stretch: Int
  private let total: Int
  private var sum = 0.0
  private var count = 0

  /// Makes an empty curve.
  ///
  /// - Parameter stretches: The most there may be.
  init(of total: Int, stretches: Int = 50) {
    self.total = total
    stretch = max(1, (total + stretches - 1) / stretches)
  }

  /// Takes the loss of a step in, from 1 on.
  mutating func add(_ loss: Double, step: Int) {
    sum += loss
    count += 1
    guard count == stretch || step == total else { return }
    steps.append(step)
    losses.append(sum / Double(count))
    (sum, count) = (0, 0)
  }
}

/// Keeps the results of finished units across crashes.
public protocol ReconstructionJournal {
  /// The result of a unit that an earlier run finished.
  func result(of unit: ReconstructionUnit, index: Int) throws -> UnitResult?
  /// Keeps a result; after the call it survives a crash.
  func record(_ result: UnitResult, of unit: ReconstructionUnit, index: Int) throws
}

/// How far a reconstruction is.
public struct ReconstructionProgress: Sendable {
  /// The unit in work, from 0, and the number of units.
  public let unit: Int, units: Int
  /// Its name.
  public let name: String
  /// Steps done and to do.
  public let iteration: Int, iterations: Int
  /// Output error of the last batch.
  public let loss: Double
}

/// Fine-tunes weights and ranges of a quantized network unit by unit, from a few images without labels.
///
///     var run = try NetworkReconstruction([quantized], units: units, calibration: images)
///     let reports = try run.run(ReconstructionOptions(), execution: execution)
///     run.networks[0]     // weights on their grids, learned activation ranges
///
/// Several networks that differ in their activations' grids alone get one rounding for all of them.
public struct NetworkReconstruction {
  /// The networks; ``run(_:journal:execution:progress:)`` changes them.
  public private(set) var networks: [QuantizedModel]
  private let original: Model
  private let units: [ReconstructionUnit]
  private let images: any CalibrationImages
  /// Bytes of calibration values that may stay in memory.
  public var memoryBudget = 512 << 20

  /// Makes a run.
  ///
  /// - Parameters:
  ///   - networks: At least one.
  ///   - reference: The FP32 network, whose outputs are the targets and whose weights are rounded; that of the first network
  ///     when its weights are not rounded yet.
  ///   - units: In topological order of their exits, without overlap.
  ///   - calibration: At least 1 image.
  /// - Throws: ``ReconstructionError/invalid(_:)``.
  public init(
    _ networks: [QuantizedModel], reference: Model? = nil, units: [ReconstructionUnit],
    calibration: any CalibrationImages
  ) throws {
    guard let first = networks.first else { throw ReconstructionError.invalid("there is no network") }
    guard calibration.imageCount > 0, calibration.imageShape == first.model.graph.nodes[0].shape else {
      throw ReconstructionError.invalid(
        "calibration images are \(calibration.imageShape.batched(calibration.imageCount)), but the network reads batches of "
          + "\(first.model.graph.nodes[0].shape); give at least 1 image of that shape")
    }
    var seen: Set<NodeIndex> = []
    var last = 0
    for unit in units {
      guard seen.isDisjoint(with: unit.region.nodes) else {
        throw ReconstructionError.invalid("unit '\(unit.name)' shares nodes with one before it")
      }
      guard unit.region.exit > last else {
        throw ReconstructionError.invalid("unit '\(unit.name)' comes before its predecessor in the network")
      }
      last = unit.region.exit
      seen.formUnion(unit.region.nodes)
    }
    self.networks = networks
    self.units = units
    original = try first.referenceModel(reference)
    images = calibration
  }

  /// Fine-tunes every unit that has something to learn, in order.
  ///
  /// - Returns: One report per unit that was fine-tuned.
  /// - Throws: ``ReconstructionError``, or ``ExecutionError/cancelled``; units the journal has are not lost.
  public mutating func run(
    _ options: ReconstructionOptions, journal: (any ReconstructionJournal)? = nil,
    execution: Execution = Execution(), progress: (ReconstructionProgress) -> Void = { _ in }
  ) throws -> [UnitReport] {
    try options.validate()
    guard options.activations == .fullPrecision else {
      return try sweep(options, journal: journal, execution: execution, progress: progress)
    }
    let grids = networks.map(\.activationGrids)
    for place in networks.indices { networks[place].activationGrids = [:] }
    defer { for place in networks.indices { networks[place].activationGrids = grids[place] } }
    return try sweep(options, journal: journal, execution: execution, progress: progress)
  }

  private mutating func sweep(
    _ options: ReconstructionOptions, journal: (any ReconstructionJournal)?, execution: Execution,
    progress: (ReconstructionProgress) -> Void
  ) throws -> [UnitReport] {
    var streams = try ValueStreams(
      images, networks, batch: max(options.batch, 64), budget: memoryBudget, execution: execution)
    let cuts = original.graph.cutNodes
    var reports: [UnitReport] = []
    for (index, unit) in units.enumerated() {
      let start = cuts.last { $0 <= unit.region.entry } ?? 0
      try streams.advance(to: start, networks)
      let entries = try streams.entries(of: unit.region.entry, networks)
      let target = try streams.values(of: original.part(unit.region), from: entries.fullPrecision)
      var work = UnitWork(
        unit: unit, options: options, original: original, networks: networks,
        fullPrecision: entries.fullPrecision,
        quantized: entries.quantized, target: target, streams: streams, execution: execution)
      work.weights = try work.fisherWeights()
      let begin = ContinuousClock.now
      let before = try work.error(of: networks)
      let known = try journal?.result(of: unit, index: index)
      var undecided = 0.0
      var result = UnitResult()
      var after = before
      var curve = LossCurve(of: options.iterations)
      if let known {
        result = known
      } else {
        (result, undecided) = try work.optimise { iteration, loss in
          curve.add(loss, step: iteration)
          progress(
            ReconstructionProgress(
              unit: index, units: units.count, name: unit.name, iteration: iteration,
              iterations: options.iterations, loss: loss))
        }
        // Hardening and draws may leave a unit worse than nearest rounding, which is then kept.
        after = try work.error(of: networks(with: result))
        if after > before {
          result = try work.nearest()
          after = try work.error(of: networks(with: result))
        }
        try journal?.record(result, of: unit, index: index)
      }
      networks = try networks(with: result)
      if known != nil { after = try work.error(of: networks) }
      let seconds = known == nil ? (ContinuousClock.now - begin).seconds : 0
      reports.append(
        UnitReport(
          name: unit.name, before: before, after: after, undecided: undecided,
          seconds: seconds, curve: curve))
      if unit.region.entry == streams.node && cuts.contains(unit.region.exit) {
        try streams.advance(over: unit.region, target: target, networks)
      }
    }
    return reports
  }

  /// The networks with what a unit has found.
  private func networks(with result: UnitResult) throws -> [QuantizedModel] {
    try networks.enumerated().map { place, network in
      var network = network
      for (key, value) in result.parameters {
        guard network.model.parameters[key]?.shape == value.shape else {
          throw ReconstructionError.invalid(
            "a stored result has parameter '\(key)' \(value.shape), which the network has not; start a new folder"
          )
        }
        network.model.parameters[key] = value
      }
      for (key, factors) in result.weightFactors {
        network.weightGrids[key] = try scaled(network.weightGrids[key], factors, key)
      }
      let ranges =
        result.activationFactors.indices.contains(place) ? result.activationFactors[place] : [:]
      for (name, factors) in ranges {
        network.activationGrids[name] = try scaled(network.activationGrids[name], factors, name)
      }
      return network
    }
  }

  private func scaled(
    _ grid: (any QuantizationGrid)?, _ factors: [Float], _ name: String
  ) throws(ReconstructionError) -> any QuantizationGrid {
    guard let grid, grid.groupCount == factors.count else {
      throw .invalid(
        "a stored result has \(factors.count) range factors for '\(name)', which the network has not; start a new folder"
      )
    }
    return grid.scaled(by: factors)
  }
}
