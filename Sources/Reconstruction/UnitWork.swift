import Layers
import Quantizers
import Tensors

/// One unit with its calibration values: samples batches, takes steps, measures errors.
struct UnitWork {
  let unit: ReconstructionUnit
  let options: ReconstructionOptions
  /// The FP32 network.
  let original: Model
  /// The networks as they were before this unit.
  let networks: [QuantizedModel]
  let fullPrecision: CalibrationCache
  let quantized: [CalibrationCache]
  let target: CalibrationCache
  let streams: ValueStreams
  let execution: Execution
  /// Weights of the output's errors; `nil` for weight 1.
  var weights: CalibrationCache?

  /// Mean over networks and images of the unit's output error, as it would be deployed.
  func error(of networks: [QuantizedModel]) throws -> Double {
    var total = 0.0
    for (place, network) in networks.enumerated() {
      let part = try network.model.part(unit.region)
      for start in stride(from: 0, to: target.count, by: options.batch) {
        let rows = start..<min(target.count, start + options.batch)
        let output = try part.forward(
          quantized[place].rows(rows), transforms: network.transformsBehindInput, execution: execution)
        let loss = Loss.reconstruction(
          target: target.rows(rows), power: options.power, weight: weights?.rows(rows))
        total += try loss.value(of: output, execution: execution).loss * Double(rows.count)
      }
    }
    return total / Double(target.count * networks.count)
  }

  /// Runs all steps; `report` is called after each with its number and loss.
  mutating func optimise(report: (Int, Double) -> Void) throws -> (result: UnitResult, undecided: Double) {
    var variables = try UnitReconstruction(unit.region, of: networks, original, options)
    guard variables.hasVariables else { return (try variables.result(), 0) }
    var random = RandomSource(seed: options.seed, stream: UInt64(unit.region.exit) << 24)
    for iteration in 0..<options.iterations {
      try execution.cancellation.check()
      let rows = Array(random.permutation(target.count).prefix(options.batch))
      let loss = try variables.step(iteration, images: rows.count, execution: execution) {
        images, execution in
        UnitBatch(
          inputs: try inputs(rows, images, iteration, execution), target: target.rows(rows[images]),
          weight: weights?.rows(rows[images]))
      }
      guard loss.isFinite else {
        throw ReconstructionError.diverged(unit: unit.name, iteration: iteration, loss: "\(loss.magnitude)")
      }
      if iteration % 64 == 63 { streams.releasePages([fullPrecision, target] + quantized) }
      report(iteration + 1, loss)
    }
    return (try variables.result(), variables.undecidedShare)
  }

  /// Weights rounded to nearest, ranges as they were.
  func nearest() throws -> UnitResult {
    var options = options
    options.rounding = .nearest
    options.quantizedShare = 0
    options.biases = .fixed
    return try UnitReconstruction(unit.region, of: networks, original, options).result()
  }

  /// What the unit reads in each network for some images of a step's batch `rows`.
  private func inputs(
    _ rows: [Int], _ images: Range<Int>, _ iteration: Int, _ execution: Execution
  ) throws -> [Tensor] {
    switch options.input {
    case .fullPrecision:
      let x = fullPrecision.rows(rows[images])
      return networks.map { _ in x }
    case .quantized: return quantized.map { $0.rows(rows[images]) }
    case .mixed(let share):
      let plain = fullPrecision.rows(rows[images])
      let key = DrawKey.key(seed: options.seed, unit: unit.region.exit, iteration: iteration, draw: 0)
      let first = images.lowerBound * fullPrecision.rowShape.count
      return try quantized.map { cache in
        var x = cache.rows(rows[images])
        try x.mix(over: plain, share: share, key: key, first: first, execution)
        return x
      }
    }
  }

  /// The square of the gradient of KL(FP32 scores, scores) with respect to the unit's output, mean 1; `nil` for weight 1.
  ///
  /// The scores are those of the first network quantized up to this unit, FP32 behind it, as in BRECQ's code.
  func fisherWeights() throws -> CalibrationCache? {
    let graph = original.graph
    guard options.weighting == .fisherDiagonal, unit.region.exit != graph.output else { return nil }
    let tail = try original.part(graph.region(from: unit.region.exit, to: graph.output))
    let part = try networks[0].model.part(unit.region)
    let weights = try CalibrationCache(rowShape: target.rowShape, count: target.count)
    var sum = 0.0
    for start in stride(from: 0, to: target.count, by: options.batch) {
      let rows = start..<min(target.count, start + options.batch)
      let output = try part.forward(
        quantized[0].rows(rows), transforms: networks[0].transformsBehindInput, execution: execution)
      let scores = try tail.forward(target.rows(rows), execution: execution)
      let loss = Loss.distillation(target: scores)
      let result = try tail.gradients(output, loss: loss, scope: .input, execution: execution)
      guard let gradient = result.inputGradient else { return nil }
      // The loss is a mean over the batch, which may be a smaller one at the end.
      let scaled = Tensor.elementwise(gradient, scale: Float(rows.count), shift: 0)
      let squares = Tensor.elementwise(scaled, "*", scaled)
      sum += squares.values.reduce(0) { $0 + Double($1) }
      weights.store(squares, first: start)
    }
    let mean = sum / Double(max(1, target.count * target.rowShape.count))
    guard mean > 0 else { return nil }
    for row in 0..<target.count {
      weights.store(Tensor.elementwise(weights.rows([row]), scale: Float(1 / mean), shift: 0), first: row)
    }
    return weights
  }
}
