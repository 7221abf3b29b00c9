import Layers
import Quantizers
public import Tensors

/// What fine-tuning a unit has found.
public struct UnitResult: Sendable {
  /// Weights on their grids and learned biases, by parameter key.
  public var parameters: [String: Tensor] = [:]
  /// Factors of weight ranges, by parameter key (AdaQuant).
  public var weightFactors: [String: [Float]] = [:]
  /// Factors of activation ranges, by node name, for each of the networks that share the weights.
  public var activationFactors: [[String: [Float]]] = []

  /// Makes the result of a unit in which nothing was found.
  public init() {}
}

/// What a step reads for some images of its batch.
struct UnitBatch {
  /// What the unit reads in each network, `[N, …]`.
  let inputs: [Tensor]
  /// Output of the FP32 network.
  let target: Tensor
  /// Weights of the output's errors; `nil` for weight 1.
  let weight: Tensor?
}

/// The variables of one unit and the steps that improve them.
///
/// Several networks may share the weights and differ in their activations' grids: one rounding for all of them
/// (Xu et al. 2024, PTMQ).
struct UnitReconstruction {
  private let options: ReconstructionOptions
  private let region: GraphRegion
  /// The unit as a network; its weights are V (AdaRound), continuous (AdaQuant) or on their grids (nearest).
  private var model: Model
  private let weightGrids: [String: any QuantizationGrid]
  private let softRoundings: [String: SoftRounding]
  private let weightRanges: [String: LearnedRange]
  let activationRanges: [[String: LearnedRange]]
  /// Parameter keys of the biases that are learned.
  private let biases: [String]
  private var weightOptimizer: Adam
  private var rangeOptimizer: Adam
  private var biasOptimizer: Adam
  private var factors: [String: Tensor] = [:]
  /// The least images that run through the unit at a time.
  var imagesPerPart = Int.max

  /// Prepares the unit of networks that differ in ``QuantizedModel/activationGrids`` alone.
  ///
  /// - Parameter original: The FP32 network: what is rounded are its weights, whatever the networks have now.
  init(
    _ region: GraphRegion, of networks: [QuantizedModel], _ original: Model, _ options: ReconstructionOptions
  ) throws {
    self.options = options
    self.region = region
    let network = networks[0]
    var model = try network.model.part(region)
    weightGrids = network.weightGrids.filter { model.parameters[$0.key] != nil }
    var softRoundings: [String: SoftRounding] = [:]
    var weightRanges: [String: LearnedRange] = [:]
    for (key, grid) in weightGrids {
      guard let present = model.parameters[key] else { continue }
      let weight = options.rounding == .nearest ? present : original.parameters[key] ?? present
      switch options.rounding {
      case .nearest: model.parameters[key] = try grid.fakeQuantized(weight, execution: Execution())
      case .adaQuant:
        model.parameters[key] = weight
        weightRanges[key] = LearnedRange(grid)
      case .adaRound:
        let rounding = SoftRounding(try grid.neighbours(of: weight))
        model.parameters[key] = rounding.initialVariable(for: weight)
        softRoundings[key] = rounding
      }
    }
    let layers = region.nodes.map { network.model.graph.nodes[$0] }.filter { $0.layer?.isWeighted == true }
    biases =
      options.biases == .fixed
      ? [] : layers.map { $0.name + ".bias" }.filter { model.parameters[$0] != nil }
    self.model = model
    self.softRoundings = softRoundings
    self.weightRanges = weightRanges
    let names = region.nodes.map { network.model.graph.nodes[$0].name }
    activationRanges = networks.map { network in
      guard options.quantizedShare > 0 else { return [:] }
      let grids = names.compactMap { name in network.activationGrids[name].map { (name, LearnedRange($0)) } }
      return Dictionary(uniqueKeysWithValues: grids)
    }
    imagesPerPart = Self.imagesPerPart(model, activationRanges)
    switch options.rounding {
    case .nearest: weightOptimizer = Adam()
    case .adaQuant(let rate): weightOptimizer = Adam(learningRate: rate)
    case .adaRound(let settings): weightOptimizer = Adam(learningRate: settings.learningRate)
    }
    rangeOptimizer = Adam(learningRate: options.ranges.learningRate)
    biasOptimizer = Adam(learningRate: options.biases.learningRate)
    for (name, range) in allRanges { factors[name] = Tensor([range.factors.count], range.factors) }
  }

  /// Every learned range under a name of its own.
  private var allRanges: [(name: String, range: LearnedRange)] {
    guard case .learned = options.ranges else { return [] }
    return weightRanges.sorted { $0.key < $1.key }.map { (name: "weight/\($0.key)", range: $0.value) }
      + activationRanges.enumerated().flatMap { place, ranges in
        ranges.sorted { $0.key < $1.key }.map { (name: "\(place)/\($0.key)", range: $0.value) }
      }
  }

  /// Whether a step can change anything.
  var hasVariables: Bool {
    !softRoundings.isEmpty || !weightRanges.isEmpty || !allRanges.isEmpty || !biases.isEmpty
  }

  /// Improves the variables by one step on one batch; returns the output error, the mean over the networks.
  ///
  /// - Parameters:
  ///   - images: Size of the batch.
  ///   - batch: Reads some of its images, on any thread.
  mutating func step(
    _ iteration: Int, images: Int, execution: Execution,
    batch: (Range<Int>, Execution) throws -> UnitBatch
  ) throws -> Double {
    prepare(iteration)
    let (loss, gradients) = try gradients(images: images, execution, batch)
    // AdaRound's regulariser ends the moves of its variables; continuous weights come to rest by a smaller step.
    var scale: Float = 1
    if case .adaQuant = options.rounding { scale = cosine(iteration) }
    let learnsWeights = options.rounding != .nearest
    try weightOptimizer.step(
      &model.parameters, gradients: gradients.filter { learnsWeights && weightGrids[$0.key] != nil },
      scale: scale, decays: { _ in false }, execution: execution)
    try biasOptimizer.step(
      &model.parameters, gradients: gradients.filter { biases.contains($0.key) },
      scale: cosine(iteration), decays: { _ in false }, execution: execution)
    try moveRanges(iteration, execution)
    return loss
  }

  /// The output error of a batch, the mean over the networks, and the gradients of weights and biases of its sum over
  /// them; those of ranges are added to the ranges.
  ///
  /// Parts of the batch run through the whole unit and back, one after the other or on a thread each: what a part
  /// needs stays in a cache. Their gradients are summed in order.
  func gradients(
    images: Int, _ execution: Execution, _ batch: (Range<Int>, Execution) throws -> UnitBatch
  ) throws -> (loss: Double, gradients: [String: Tensor]) {
    let rounded = try RoundedWeights(model, softRoundings, weightRanges, execution)
    let parts = Execution.shardCount(for: images, grain: imagesPerPart)
    let inner = Execution(
      threads: (execution.threads + parts - 1) / parts, cancellation: execution.cancellation)
    let sum = OrderedSum(count: parts)
    try execution.forEachShard(parts) { part in
      let range = Execution.range(ofShard: part, of: parts, count: images)
      let result = try self.gradients(
        rounded.model, try batch(range, inner), firstImage: range.lowerBound,
        share: Float(range.count) / Float(images), inner)
      sum.add(result, at: part)
    }
    let total = sum.total
    for (range, gradient) in zip(activationRanges.flatMap(\.sortedValues), total.ranges) {
      range.add(logFactors: gradient)
    }
    let gradients = try rounded.adjoint(total.gradients, at: model, execution)
    return (total.loss / Double(activationRanges.count), gradients)
  }

  /// The least images of a part: its largest value has 64 Ki numbers or fewer by a fraction of an image, which leave room
  /// in a cache for the others, and no layer's weight, which each part prepares anew, has more numbers than its output.
  private static func imagesPerPart(_ unit: Model, _ ranges: [[String: LearnedRange]]) -> Int {
    let nodes = unit.graph.nodes
    // Batch statistics, drawn roundings and grids in Lua need the whole batch.
    let needsBatch =
      nodes.contains { $0.layer is BatchNorm }
      || ranges.contains { $0.values.contains { !$0.learnedGrid.quantizesPartsApart } }
    if needsBatch { return .max }
    let ofValues = (1 << 16) / max(1, nodes.map(\.shape.count).max() ?? 1)
    let ofWeights = nodes.map { node in
      (unit.parameters["\(node.name).weight"]?.count ?? 0) / max(1, node.shape.count)
    }
    return max(ofValues, ofWeights.max() ?? 0)
  }

  /// One part of a step's batch through the unit of every network and back.
  private func gradients(
    _ model: Model, _ batch: UnitBatch, firstImage: Int, share: Float, _ execution: Execution
  ) throws -> PartGradients {
    var result = PartGradients()
    for (place, x) in batch.inputs.enumerated() {
      let passes = activationRanges[place].mapValues { $0.pass(firstImage: firstImage) }
      let found = try model.gradients(
        x,
        loss: .reconstruction(
          target: batch.target, power: options.power, weight: batch.weight, share: share),
        transforms: GraphTransforms(outputs: passes), scope: scope, execution: execution)
      result.loss += found.loss
      result.gradients.merge(found.gradients) { Tensor.elementwise($0, "+", $1) }
      result.ranges += passes.sortedValues.map(\.logFactors)
    }
    return result
  }

  /// Whose gradients a step needs.
  private var scope: GradientScope {
    guard biases.isEmpty else { return .parameters }
    return options.rounding == .nearest ? .outputs : .weights
  }

  /// Sets this step's regulariser and draws.
  func prepare(_ iteration: Int) {
    for (_, range) in allRanges { range.clearGradient() }
    if case .adaRound(let settings) = options.rounding {
      let beta = settings.beta(iteration: iteration, of: options.iterations)
      for rounding in softRoundings.values {
        // Once for every network, as the gradients of their errors are.
        rounding.regularization = beta == nil ? 0 : settings.regularization * Float(activationRanges.count)
        rounding.beta = beta ?? 2
      }
    }
    for (place, ranges) in activationRanges.enumerated() {
      for (draw, name) in ranges.keys.sorted().enumerated() {
        ranges[name]?.quantizedShare = options.quantizedShare
        ranges[name]?.key = DrawKey.key(
          seed: options.seed, unit: region.exit, iteration: iteration, draw: 1 + draw + 1000 * place)
      }
    }
  }

  /// What a step is multiplied by: half a cosine from 1 to 0.
  private func cosine(_ iteration: Int) -> Float {
    Float(LearningRateSchedule(.cosine).factor(epoch: Double(iteration), of: Double(options.iterations)))
  }

  private mutating func moveRanges(_ iteration: Int, _ execution: Execution) throws {
    let ranges = allRanges
    guard !ranges.isEmpty else { return }
    var gradients: [String: Tensor] = [:]
    for (name, range) in ranges { gradients[name] = Tensor([range.gradient.count], range.gradient) }
    try rangeOptimizer.step(
      &factors, gradients: gradients, scale: cosine(iteration), decays: { _ in false }, execution: execution)
    for (name, range) in ranges {
      if let values = factors[name]?.values { range.setFactors(values) }
    }
  }

  /// Weights on their grids, biases and learned factors.
  func result() throws -> UnitResult {
    var result = UnitResult()
    for (key, grid) in weightGrids {
      guard let variable = model.parameters[key] else { continue }
      if let rounding = softRoundings[key] {
        result.parameters[key] = rounding.hardened(variable)
      } else if let range = weightRanges[key] {
        result.weightFactors[key] = range.factors
        result.parameters[key] = try range.learnedGrid.fakeQuantized(variable, execution: Execution())
      } else {
        result.parameters[key] = try grid.fakeQuantized(variable, execution: Execution())
      }
    }
    for key in biases { result.parameters[key] = model.parameters[key] }
    result.activationFactors = activationRanges.map { $0.mapValues(\.factors) }
    return result
  }

  /// Share of the unit's weights whose rounding is still open.
  var undecidedShare: Double {
    let shares = softRoundings.compactMap { key, rounding in
      model.parameters[key].map { (rounding.undecidedShare($0), Double($0.count)) }
    }
    let total = shares.reduce(0) { $0 + $1.1 }
    return total > 0 ? shares.reduce(0) { $0 + $1.0 * $1.1 } / total : 0
  }
}

/// Keys of independent random draws.
enum DrawKey {
  /// 32 bits that differ between units, iterations and draws of one seed.
  static func key(seed: UInt64, unit: Int, iteration: Int, draw: Int) -> UInt32 {
    var random = RandomSource(
      seed: seed ^ UInt64(iteration) << 20, stream: UInt64(unit) << 24 | UInt64(draw))
    return UInt32(truncatingIfNeeded: random.next())
  }
}
