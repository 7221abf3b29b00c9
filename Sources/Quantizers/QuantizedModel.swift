public import Layers
public import Tensors

/// A network without batch norms and the grids of its weights and activations.
public struct QuantizedModel: Sendable {
  /// The network, batch norms folded; its weights are FP32.
  public var model: Model
  /// Where its values are quantized.
  public let plan: QuantizationPlan
  /// Grids of weights by parameter key.
  public var weightGrids: [String: any QuantizationGrid]
  /// Grids of node outputs by node name; the input's is under `input`.
  public var activationGrids: [String: any QuantizationGrid]
  /// What passes back through the grids in training; `nil` for straight-through.
  public var gradientRule: (any GradientRule)?
  /// Storage of node outputs for one image, from the calibration, by node name.
  public var activationStorage: [String: StorageReport]

  /// Makes a quantized model of ready parts.
  public init(
    _ model: Model, plan: QuantizationPlan, weightGrids: [String: any QuantizationGrid],
    activationGrids: [String: any QuantizationGrid], activationStorage: [String: StorageReport] = [:]
  ) {
    self.model = model
    self.plan = plan
    self.weightGrids = weightGrids
    self.activationGrids = activationGrids
    self.activationStorage = activationStorage
  }

  /// Folds batch norms, fits the weights' grids, runs `calibration` through the FP32 network and fits the activations'.
  ///
  /// - Parameters:
  ///   - calibration: Images, one batch at a time in memory; only read when activations are quantized.
  ///   - progress: Called with the finished share, 0...1.
  /// - Throws: ``QuantizationError``, or ``LayerError`` when shapes do not fit.
  public static func quantizing(
    _ model: Model, _ options: QuantizationOptions, calibration: any CalibrationImages,
    execution: Execution = Execution(),
    progress: ((Double) -> Void)? = nil
  ) throws -> QuantizedModel {
    let folded = try model.foldingBatchNorm()
    let plan = try QuantizationPlan(folded.graph, options)
    var result = QuantizedModel(folded, plan: plan, weightGrids: [:], activationGrids: [:])
    result.gradientRule = options.gradientRule
    try result.refitWeights(execution: execution)
    guard !plan.activations.isEmpty else {
      progress?(1)
      return result
    }
    let samples = try ActivationSamples(
      folded, nodes: plan.activations.map(\.node), limit: options.sampleLimit, batch: options.batch,
      calibration, execution: execution, progress: progress)
    for place in plan.activations {
      let values = samples.values(of: place.node)
      let grid: any QuantizationGrid =
        try place.role == .input && ActivationSamples.arePixels(values)
        ? RegionGrid.pixels : place.fit(to: values, execution: execution)
      result.activationGrids[place.key] = grid
      var report = try grid.storage(of: values, execution: execution)
      let count = folded.graph.nodes[place.node].shape.count
      report.side *= Double(values.count) / Double(max(1, count))
      report.count = count
      result.activationStorage[place.key] = report
    }
    progress?(1)
    return result
  }

  /// Values that a node has in the FP32 network over images, every n-th when there are too many.
  ///
  /// - Parameter limit: Values that are returned, at most.
  /// - Throws: ``QuantizationError/emptyCalibration(_:)`` or ``QuantizationError/notFinite(count:first:total:)``.
  public func activations(
    ofNode node: NodeIndex, over images: any CalibrationImages, limit: Int = 1 << 20,
    execution: Execution = Execution()
  ) throws -> [Float] {
    try ActivationSamples(model, nodes: [node], limit: limit, batch: 32, images, execution: execution)
      .sampled(node)
  }

  /// Fits every planned weight grid again to the present weights, as training with quantization does.
  ///
  /// - Throws: ``QuantizationError`` when a weight is missing or not finite.
  public mutating func refitWeights(execution: Execution = Execution()) throws {
    for place in plan.weights {
      guard let weight = model.parameters[place.key] else {
        throw QuantizationError.unknown(
          "the model has no parameter \(place.key); load its weights before quantizing")
      }
      weightGrids[place.key] = try place.fit(to: weight, execution: execution)
    }
  }

  /// The fake quantizers that make the FP32 network compute as the quantized one.
  public func transforms() -> GraphTransforms {
    GraphTransforms(
      parameters: weightGrids.mapValues { FakeQuantizer($0, rule: gradientRule) },
      outputs: activationGrids.mapValues { FakeQuantizer($0, rule: gradientRule) })
  }

  /// Computes the output for a batch `[N, …]` with every planned value on its grid.
  ///
  /// - Throws: ``LayerError``, ``QuantizationError`` or ``ExecutionError/cancelled``.
  public func forward(_ x: Tensor, execution: Execution = Execution()) throws -> Tensor {
    try model.forward(x, transforms: transforms(), execution: execution)
  }
}
