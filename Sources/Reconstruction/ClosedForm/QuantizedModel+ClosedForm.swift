public import Layers
public import Quantizers
public import Tensors

extension QuantizedModel {
  /// Returns the model with every planned weight on its grid, rounded for the least error of each layer's output.
  ///
  /// Layer after layer in the order of the graph, from the second moments of the layer's inputs over `calibration`: a
  /// column takes its nearest level, its error moves to the columns behind it (``ColumnRounding``). Grids stay as they are,
  /// except that a block-chosen interval is chosen anew, by the least loss inside its block.
  ///
  /// - Parameters:
  ///   - calibration: Images, read in batches.
  ///   - progress: Called with the finished share, 0...1.
  /// - Throws: ``ReconstructionError``, ``QuantizationError`` naming the weight, or ``LayerError`` when shapes do not fit.
  /// - Complexity: Per layer O(patches columns^2) for the moments, O(columns^3) for the factor, O(rows columns^2).
  /// Source: Frantar and Alistarh 2022 (OBC); Frantar et al. 2023 (GPTQ).
  public func roundedClosedForm(
    calibration: any CalibrationImages, options: ClosedFormOptions = ClosedFormOptions(),
    execution: Execution = Execution(),
    progress: ((Double) -> Void)? = nil
  ) throws -> QuantizedModel {
    try roundingLayers(calibration: calibration, options: options, execution: execution, progress: progress) {
      (try LayerRounding($0, options: options, execution: execution).rounded(), nil)
    }
  }

  /// Replaces each planned weight, and its grid when `round` gives one, front to back.
  func roundingLayers(
    calibration: any CalibrationImages, options: ClosedFormOptions, execution: Execution,
    progress: ((Double) -> Void)?,
    _ round: (RoundingTask) throws -> (weight: Tensor, grid: (any QuantizationGrid)?)
  ) throws -> QuantizedModel {
    try options.validate()
    try model.validate()
    var streams = try RoundingStreams(self, calibration, options)
    var result = self
    for (done, place) in plan.weights.enumerated() {
      guard let layer = ProductLayer(model.graph, place.node), let weight = model.parameters[place.key],
        let grid = weightGrids[place.key]
      else {
        throw QuantizationError.unknown("there is no grid for '\(place.key)'; quantize the model first")
      }
      let bad = weight.values.indices.filter { !weight[$0].isFinite }
      do {
        if let first = bad.first {
          throw QuantizationError.notFinite(count: bad.count, first: first, total: weight.count)
        }
        let moments = try streams.moments(of: layer, place.node, result, execution)
        let task = RoundingTask(layer: layer, weight: weight, grid: grid, moments: moments)
        let rounded = try round(task)
        result.model.parameters[place.key] = rounded.weight
        if let grid = rounded.grid { result.weightGrids[place.key] = grid }
      } catch let error as QuantizationError {
        throw QuantizationError.place(place.key, error)
      }
      progress?(Double(done + 1) / Double(plan.weights.count))
    }
    return result
  }
}

/// One weight to be rounded and what its layer saw.
struct RoundingTask {
  let layer: ProductLayer
  let weight: Tensor
  let grid: any QuantizationGrid
  let moments: LayerMoments
}

/// The FP32 network's and the quantized network's values, as far as the options need them.
private struct RoundingStreams {
  private let model: Model
  /// The network with every bias 0.
  private let unbiased: Model
  private let imageCount: Int
  private let batchCount: Int
  private let patchLimit: Int
  private var floatingPoint: ActivationStream?
  private var quantized: ActivationStream?

  init(_ source: QuantizedModel, _ images: any CalibrationImages, _ options: ClosedFormOptions) throws {
    model = source.model
    unbiased = Model(
      graph: model.graph,
      parameters: Dictionary(
        uniqueKeysWithValues: model.parameters.map { key, value in
          (key, key.hasSuffix(".bias") ? Tensor(zeros: value.shape) : value)
        }))
    let both = options.inputs == .corrected
    let stream = try ActivationStream(
      images, graph: model.graph, batch: options.batch, memoryLimit: options.memoryLimit / (both ? 2 : 1))
    imageCount = images.imageCount
    batchCount = stream.batchCount
    patchLimit = options.patchLimit
    floatingPoint = options.inputs == .quantized ? nil : stream
    quantized = options.inputs == .floatingPoint ? nil : stream
  }

  mutating func moments(
    of layer: ProductLayer, _ index: NodeIndex, _ current: QuantizedModel, _ execution: Execution
  ) throws -> LayerMoments {
    let both = floatingPoint != nil && quantized != nil
    var moments = LayerMoments(layer, imageCount: imageCount, limit: patchLimit, countsGap: both)
    let none = GraphTransforms()
    // Weights before this node already lie on their levels.
    let transforms = GraphTransforms(outputs: current.transforms().outputs)
    let node = model.graph.nodes[index]
    for batch in 0..<batchCount {
      var exact: [Tensor]?
      var actual: [Tensor]?
      if var stream = floatingPoint.take() {
        exact = try stream.inputs(of: index, batch: batch, model, none, execution: execution)
        floatingPoint = stream
      }
      if var stream = quantized.take() {
        actual = try stream.inputs(of: index, batch: batch, current.model, transforms, execution: execution)
        quantized = stream
      }
      guard let inputs = actual ?? exact else { continue }
      var gap: Tensor?
      if both, let exact {
        // Without the bias: the layer is linear, and sums of small differences keep their digits.
        let difference = Tensor.elementwise(exact[0], "-", inputs[0])
        gap = try unbiased.output(of: node, [difference], none, execution)
      }
      try moments.add(inputs[0], outputGap: gap, execution: execution)
    }
    return moments
  }
}
