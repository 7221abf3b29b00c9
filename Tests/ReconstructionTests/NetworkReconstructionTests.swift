import Foundation
import Layers
import Quantizers
import Tensors
import Testing

@testable import Reconstruction

@Suite struct NetworkReconstructionTests {
  /// conv relu, a residual block with a strided shortcut, pool, linear.
  static let model: Model = {
    var graph = Graph(input: [8, 8, 3])
    func conv(_ from: Int, _ to: Int, stride: Int = 1) throws -> Conv2d {
      try Conv2d(
        inChannels: from, filters: to,
        window: Window(kernel: [3, 3], stride: [stride, stride], padding: [1, 1, 1, 1]))
    }
    do {
      let stem = try graph.add(ReLU(), [graph.add(conv(3, 8), [0], name: "stem")], name: "stem_relu")
      let a = try graph.add(
        ReLU(), [graph.add(conv(8, 12, stride: 2), [stem], name: "block.a")], name: "block.a_relu")
      let b = try graph.add(conv(12, 12), [a], name: "block.b")
      let short = try graph.add(conv(8, 12, stride: 2), [stem], name: "block.short")
      let sum = try graph.add(Add(), [b, short], name: "block.sum")
      let relu = try graph.add(ReLU(), [sum], name: "block.relu")
      let pool = try graph.add(GlobalAveragePool(), [relu], name: "pool")
      let flat = try graph.add(Flatten(), [pool], name: "flat")
      try graph.add(Linear(inFeatures: 12, features: 5), [flat], name: "head")
    } catch {
      preconditionFailure("\(error)")
    }
    return Model(graph: graph, seed: 11)
  }()

  /// Waves with an offset per channel: neighbouring values are alike, as in photographs.
  ///
  /// For white noise the nearest level would be the best one already.
  static let images: Tensor = {
    var random = RandomSource(seed: 5)
    return Tensor([48, 8, 8, 3]) { target in
      for image in 0..<48 {
        let (down, right, phase) = (random.normal() / 3, random.normal() / 3, 3 * random.normal())
        let offsets = [random.normal(), random.normal(), random.normal()]
        for place in 0..<64 {
          let wave = sinf(down * Float(place / 8) + right * Float(place % 8) + phase)
          for channel in 0..<3 {
            target[image * 192 + place * 3 + channel] = wave + offsets[channel] + 0.1 * random.normal()
          }
        }
      }
    }
  }()

  static func quantized(_ weights: GridSpecification, activationBits: Int? = 3) throws -> QuantizedModel {
    try QuantizedModel.quantizing(
      model,
      QuantizationOptions(
        weights: weights,
        activations: activationBits.map { GridSpecification(bits: $0, observer: .meanSquaredError()) },
        firstLast: nil), calibration: images)
  }

  /// Each region with weights and the ones without behind it.
  static func units() -> [ReconstructionUnit] {
    let graph = model.graph
    var exits: [(name: String, entry: NodeIndex, exit: NodeIndex)] = []
    for region in graph.regions {
      let isWeighted = region.nodes.contains {
        graph.nodes[$0].layer is Conv2d || graph.nodes[$0].layer is Linear
      }
      if isWeighted {
        exits.append((graph.nodes[region.exit].name, region.entry, region.exit))
      } else {
        exits[exits.count - 1].exit = region.exit
      }
    }
    return exits.compactMap { name, entry, exit in
      (try? graph.region(from: entry, to: exit)).map { ReconstructionUnit(name: name, region: $0) }
    }
  }

  static func options(_ iterations: Int = 60) -> ReconstructionOptions {
    var options = ReconstructionOptions()
    options.iterations = iterations
    options.batch = 16
    options.rounding = .adaRound(AdaRoundSettings(learningRate: 0.02, regularization: 3e-3))
    return options
  }

  func run(
    _ network: QuantizedModel, _ options: ReconstructionOptions, units: [ReconstructionUnit] = Self.units(),
    threads: Int = 1,
    journal: (any ReconstructionJournal)? = nil
  ) throws -> (network: QuantizedModel, reports: [UnitReport]) {
    var run = try NetworkReconstruction([network], units: units, calibration: Self.images)
    let reports = try run.run(options, journal: journal, execution: Execution(threads: threads))
    return (run.networks[0], reports)
  }

  static let grids: [GridSpecification] = [
    GridSpecification(bits: 2, group: .channel(axis: 0), observer: .meanSquaredError()),
    GridSpecification(bits: 2, intervals: 4, observer: .meanSquaredError()),
    GridSpecification(bits: 2, intervals: 2, group: .block(size: 12), edges: .fractions([0.4])),
    GridSpecification(
      bits: 2, intervals: 4, group: .channel(axis: 0), edges: .geometric(ratio: 1.6),
      choice: .perBlock(size: 8)),
  ]

  @Test(arguments: grids)
  func outputErrorFallsOnEveryGrid(_ grid: GridSpecification) throws {
    let (_, reports) = try run(Self.quantized(grid), Self.options(300))

    #expect(reports.map(\.name) == ["stem", "block.sum", "head"])
    for report in reports { #expect(report.after <= report.before, "\(report)") }
    #expect(reports[0].after < 0.9 * reports[0].before)
  }

  @Test(arguments: grids)
  func weightsEndOnTheirGrid(_ grid: GridSpecification) throws {
    let (tuned, _) = try run(Self.quantized(grid), Self.options(20))

    for (key, grid) in tuned.weightGrids {
      let weight = try #require(tuned.model.parameters[key])
      #expect(try grid.fakeQuantized(weight, execution: Execution()).values == weight.values)
    }
  }

  @Test func learnedRangesMoveAndLowerTheError() throws {
    var fixed = Self.options(150)
    fixed.rounding = .nearest
    fixed.quantizedShare = 1
    fixed.input = .quantized
    var learned = fixed
    fixed.ranges = .fixed
    learned.ranges = .learned(learningRate: 5e-3)
    let network = try Self.quantized(Self.grids[0], activationBits: 2)

    let (still, unchanged) = try run(network, fixed)
    let (moved, reports) = try run(network, learned)

    for name in network.activationGrids.keys where name != "input" {
      let before = try #require(network.activationGrids[name]).bounds(group: 0)
      #expect(still.activationGrids[name]?.bounds(group: 0) == before)
      #expect(moved.activationGrids[name]?.bounds(group: 0) != before)
    }
    for (report, other) in zip(reports, unchanged) where report.name != "head" {
      #expect(report.after < report.before)
      #expect(other.after == other.before)
    }
  }

  @Test(arguments: [RoundingPolicy.nearest, .adaQuant()])
  func learnedBiasesMoveAndLowerTheError(_ rounding: RoundingPolicy) throws {
    var options = Self.options(150)
    options.rounding = rounding
    options.ranges = .fixed
    options.quantizedShare = 1
    options.input = .quantized
    let network = try Self.quantized(Self.grids[0], activationBits: 4)

    let (still, without) = try run(network, options)
    options.biases = .learned(learningRate: 5e-3)
    let (moved, with) = try run(network, options)

    for key in network.model.parameters.keys where key.hasSuffix(".bias") {
      #expect(still.model.parameters[key]?.values == network.model.parameters[key]?.values)
      #expect(moved.model.parameters[key]?.values != network.model.parameters[key]?.values)
    }
    #expect(with[0].before == without[0].before)
    #expect(with[0].after < without[0].after)
  }

  @Test func unitsInsideABlockReadWhatTheQuantizedPartAboveThemMakes() throws {
    let graph = Self.model.graph
    func unit(_ entry: String, _ exit: String) throws -> ReconstructionUnit {
      let region = try graph.region(
        from: #require(graph.index(of: entry)), to: #require(graph.index(of: exit)))
      return ReconstructionUnit(name: exit, region: region)
    }
    let layers = [
      try unit("input", "stem_relu"), try unit("stem_relu", "block.a_relu"),
      try unit("block.a_relu", "block.b"),
      try unit("stem_relu", "block.short"), try unit("flat", "head"),
    ]

    let (_, reports) = try run(Self.quantized(Self.grids[0]), Self.options(150), units: layers)

    #expect(reports.map(\.name) == layers.map(\.name))
    for report in reports { #expect(report.after <= report.before, "\(report)") }
  }

  @Test func threadsDoNotChangeABit() throws {
    let one = try run(Self.quantized(Self.grids[1]), Self.options(), threads: 1).network
    let two = try run(Self.quantized(Self.grids[1]), Self.options(), threads: 2).network

    #expect(one.model.parameters.mapValues(\.values) == two.model.parameters.mapValues(\.values))
    for (name, grid) in one.activationGrids {
      #expect(grid.levels(group: 0) == two.activationGrids[name]?.levels(group: 0))
    }
  }

  @Test func cachesThatLeaveMemoryChangeNoBit() throws {
    func parameters(budget: Int) throws -> [String: [Float]] {
      var run = try NetworkReconstruction(
        [Self.quantized(Self.grids[1])], units: Self.units(), calibration: Self.images)
      run.memoryBudget = budget
      _ = try run.run(Self.options(70), execution: Execution(threads: 1))
      return run.networks[0].model.parameters.mapValues(\.values)
    }

    #expect(try parameters(budget: 0) == parameters(budget: 1 << 30))
  }

  @Test func seedsGiveDifferentRoundings() throws {
    var other = Self.options()
    other.seed = 2

    let one = try run(Self.quantized(Self.grids[0]), Self.options()).network
    let two = try run(Self.quantized(Self.grids[0]), other).network

    #expect(one.model.parameters["block.b.weight"]?.values != two.model.parameters["block.b.weight"]?.values)
  }

  /// A journal that forgets units from a given one on.
  final class Memory: ReconstructionJournal {
    var results: [Int: UnitResult] = [:]
    func result(of unit: ReconstructionUnit, index: Int) -> UnitResult? { results[index] }
    func record(_ result: UnitResult, of unit: ReconstructionUnit, index: Int) { results[index] = result }
  }

  @Test(arguments: 0...3)
  func resumedRunsEndWithTheSameBytes(finished: Int) throws {
    let journal = Memory()
    var options = Self.options()
    options.biases = .learned()
    let whole = try run(Self.quantized(Self.grids[1]), options, journal: journal).network
    journal.results = journal.results.filter { $0.key < finished }

    let resumed = try run(Self.quantized(Self.grids[1]), options, journal: journal).network

    #expect(journal.results.count == 3)
    #expect(whole.model.parameters.mapValues(\.values) == resumed.model.parameters.mapValues(\.values))
    for (name, grid) in whole.activationGrids {
      #expect(grid.levels(group: 0) == resumed.activationGrids[name]?.levels(group: 0))
    }
  }

  @Test func fisherWeightsChangeTheResultAndStillHelp() throws {
    var weighted = Self.options(150)
    weighted.weighting = .fisherDiagonal

    let (one, reports) = try run(Self.quantized(Self.grids[0]), weighted)
    let (two, _) = try run(Self.quantized(Self.grids[0]), Self.options(150))

    #expect(reports[1].after < reports[1].before)
    #expect(one.model.parameters["block.b.weight"]?.values != two.model.parameters["block.b.weight"]?.values)
  }

  @Test func activationsInFullPrecisionLeaveTheWeightsIndependentOfTheirGrids() throws {
    var options = Self.options(40)
    options.activations = .fullPrecision
    options.ranges = .fixed
    options.input = .quantized
    let coarse = try Self.quantized(Self.grids[0], activationBits: 2)
    let fine = try Self.quantized(Self.grids[0], activationBits: 6)

    let (one, reports) = try run(coarse, options)
    let (two, others) = try run(fine, options)

    #expect(one.model.parameters.mapValues(\.values) == two.model.parameters.mapValues(\.values))
    #expect(reports.map(\.after) == others.map(\.after))
    for (name, grid) in coarse.activationGrids {
      #expect(one.activationGrids[name]?.levels(group: 0) == grid.levels(group: 0))
    }
    options.activations = .quantized
    let (three, _) = try run(coarse, options)
    #expect(
      one.model.parameters["block.b.weight"]?.values != three.model.parameters["block.b.weight"]?.values)
  }

  @Test func aLaterStageStillComparesWithTheFP32Network() throws {
    var stage = Self.options(40)
    stage.ranges = .fixed
    let network = try Self.quantized(Self.grids[0])
    let (rounded, first) = try run(network, stage)
    var second = stage
    second.rounding = .nearest

    var later = try NetworkReconstruction(
      [rounded], reference: network.model, units: Self.units(), calibration: Self.images)
    #expect(try later.run(second).map(\.before) == first.map(\.after))
    var alone = try NetworkReconstruction([rounded], units: Self.units(), calibration: Self.images)
    #expect(try alone.run(second)[0].before < first[0].after)
  }

  @Test func roundedWeightsAreRoundedAgainFromTheReference() throws {
    let network = try Self.quantized(Self.grids[0])
    var nearest = network
    for (key, grid) in network.weightGrids {
      let weight = try #require(network.model.parameters[key])
      nearest.model.parameters[key] = try grid.fakeQuantized(weight, execution: Execution())
    }

    var again = try NetworkReconstruction(
      [nearest], reference: network.model, units: Self.units(), calibration: Self.images)
    _ = try again.run(Self.options(40), execution: Execution(threads: 1))
    let (direct, _) = try run(network, Self.options(40))

    let found = again.networks[0].model.parameters.mapValues(\.values)
    #expect(found == direct.model.parameters.mapValues(\.values))
  }

  @Test func rangesOfSharedWeightsLearnFromEveryNetwork() throws {
    var options = Self.options(30)
    options.rounding = .adaQuant(learningRate: 1e-3)
    options.quantizedShare = 1
    options.input = .quantized
    let networks = try [2, 6].map { try Self.quantized(Self.grids[0], activationBits: $0) }
    func factors(_ order: [QuantizedModel]) throws -> [Float] {
      var run = try NetworkReconstruction(order, units: [Self.units()[1]], calibration: Self.images)
      _ = try run.run(options, execution: Execution(threads: 1))
      let grid = try #require(run.networks[0].weightGrids["block.b.weight"])
      return (0..<grid.groupCount).map { grid.bounds(group: $0).high }
    }

    for (one, two) in zip(try factors(networks), try factors(networks.reversed())) {
      #expect(abs(one - two) <= 1e-3 * abs(one))
    }
  }

  @Test func adaQuantMovesRangesOfWeightsAndLowersTheError() throws {
    var options = Self.options(150)
    options.rounding = .adaQuant(learningRate: 1e-3)
    options.quantizedShare = 1
    let network = try Self.quantized(Self.grids[0])

    let (tuned, reports) = try run(network, options)

    #expect(reports[1].after < reports[1].before)
    #expect(
      tuned.weightGrids["block.b.weight"]?.levels(group: 0)
        != network.weightGrids["block.b.weight"]?.levels(group: 0))
  }

  @Test func oneRoundingServesSeveralActivationWidths() throws {
    let wide = try Self.quantized(Self.grids[0], activationBits: 6)
    let narrow = try Self.quantized(Self.grids[0], activationBits: 3)
    var run = try NetworkReconstruction([narrow, wide], units: Self.units(), calibration: Self.images)

    let reports = try run.run(Self.options(100))

    let (one, two) = (run.networks[0], run.networks[1])
    #expect(one.model.parameters.mapValues(\.values) == two.model.parameters.mapValues(\.values))
    #expect(
      one.activationGrids["block.relu"]?.levels(group: 0).count == 8
        && two.activationGrids["block.relu"]?.levels(group: 0).count == 64)
    #expect(reports[1].after < reports[1].before)
  }

  @Test func publishedModeKeepsWhatItLeavesInFP32() throws {
    let grid = GridSpecification(bits: 2, intervals: 4, mode: .published, observer: .lpSearch())
    let network = try Self.quantized(grid)
    let key = "block.b.weight"
    let before = try #require(network.model.parameters[key])
    let kept = try #require(network.weightGrids[key]).fakeQuantized(before, execution: Execution())

    let (tuned, _) = try run(network, Self.options(20))

    let after = try #require(tuned.model.parameters[key])
    let fixed = (0..<before.count).filter { kept[$0] == before[$0] }
    #expect(!fixed.isEmpty)
    for i in fixed { #expect(after[i] == before[i]) }
  }

  @Test func badOptionsAndUnitsAreNamed() throws {
    let network = try Self.quantized(Self.grids[0])
    var options = Self.options()
    options.iterations = 0

    #expect(throws: ReconstructionError.invalid("iterations is 0; give at least 1")) {
      _ = try run(network, options)
    }
    #expect(
      throws: ReconstructionError.invalid(
        "calibration images are 3x8x8x3x1, but the network reads batches of 8x8x3; give at least 1 image of that shape"
      )
    ) { _ = try NetworkReconstruction([network], units: [], calibration: Tensor(zeros: [3, 8, 8, 3, 1])) }
    let unit = Self.units()[0]
    #expect(throws: ReconstructionError.invalid("unit 'stem' shares nodes with one before it")) {
      _ = try NetworkReconstruction([network], units: [unit, unit], calibration: Self.images)
    }
  }

  @Test func cancellationStopsBetweenSteps() throws {
    let cancellation = Cancellation()
    var run = try NetworkReconstruction(
      [Self.quantized(Self.grids[0])], units: Self.units(), calibration: Self.images)

    #expect(throws: ExecutionError.cancelled) {
      _ = try run.run(Self.options(), execution: Execution(threads: 1, cancellation: cancellation)) {
        if $0.iteration == 5 { cancellation.cancel() }
      }
    }
  }
}
