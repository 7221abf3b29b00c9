import Layers
public import Quantizers
import Tensors

extension QuantizedModel {
  /// Lowers the network to integers and prepares it for this machine.
  ///
  /// - Throws: ``InferenceError`` that says what has no integer form: mode `published`, unequal edges or block grids,
  ///   values that are not quantized, more than 256 levels, sums that may overflow.
  public func compiled(variant: IntegerKernelVariant = .best) throws -> IntegerEngine {
    try IntegerEngine(integerModel(), variant: variant)
  }

  /// Lowers the network to integers.
  ///
  /// - Throws: ``InferenceError``.
  public func integerModel() throws -> IntegerModel {
    try refusePublished()
    let graph = model.graph
    var outputGrids: [String: IntegerGrid] = [:]
    for (name, grid) in activationGrids {
      guard let region = grid as? RegionGrid, region.groupCount == 1, let form = region.uniformForm(group: 0)
      else {
        throw InferenceError.unsupportedGrid(node: name, grid: describe(grid))
      }
      outputGrids[name] = IntegerGrid(form)
    }
    var weights: [String: IntegerWeights] = [:]
    var biases: [String: [Double]] = [:]
    for node in graph.nodes where node.layer is Conv2d || node.layer is Linear {
      let key = node.name + ".weight"
      guard let weight = model.parameters[key], let grid = weightGrids[key] else {
        throw InferenceError.notQuantized(key)
      }
      weights[node.name] = try integerWeights(weight, grid, node.name)
      if let bias = model.parameters[node.name + ".bias"] {
        biases[node.name] = bias.values.map { Double($0) }
      }
    }
    return try IntegerModel(lowering: graph, outputGrids: outputGrids, weights: weights, biases: biases)
  }

  private func integerWeights(
    _ weight: Tensor, _ grid: any QuantizationGrid, _ name: String
  ) throws -> IntegerWeights {
    let channels = weight.shape[0]
    guard let region = grid as? RegionGrid, region.specification.group.isPerOutputChannelOrCoarser else {
      throw InferenceError.unsupportedGrid(node: name, grid: describe(grid))
    }
    let forms = (0..<region.groupCount).compactMap { region.uniformForm(group: $0) }
    guard forms.count == region.groupCount, let first = forms.first,
      forms.count == 1 || forms.count == channels
    else { throw InferenceError.unsupportedGrid(node: name, grid: describe(grid)) }
    let perChannel = forms.count == 1 ? [UniformForm](repeating: first, count: channels) : forms
    return IntegerWeights(
      codes: try region.globalCodes(of: weight), levels: first.levelCount,
      scales: perChannel.map { Double($0.scale) }, zeroPoints: perChannel.map { Int($0.zeroPoint) })
  }

  /// Published grids leave values in FP32: counts them and refuses.
  private func refusePublished() throws {
    let grids = Array(weightGrids.values) + Array(activationGrids.values)
    guard grids.contains(where: { ($0 as? RegionGrid)?.specification.mode == .published }) else { return }
    var values = 0.0
    var left = 0.0
    var reports = Array(activationStorage.values)
    for (key, grid) in weightGrids {
      if let weight = model.parameters[key] {
        reports.append(try grid.storage(of: weight, execution: Execution()))
      }
    }
    for report in reports {
      values += Double(report.count)
      left += Double(report.count) * report.unquantizedShare
    }
    throw InferenceError.unquantizedValues(percent: values == 0 ? 0 : 100 * left / values)
  }

  private func describe(_ grid: any QuantizationGrid) -> String {
    guard let region = grid as? RegionGrid else { return "a codebook" }
    let specification = region.specification
    return
      "\(specification.intervals) intervals with edges \(specification.edges), group \(specification.group), "
      + "choice \(specification.choice)"
  }
}

extension IntegerGrid {
  /// The grid of a uniform group's codes.
  public init(_ form: UniformForm) {
    self.init(scale: Double(form.scale), zeroPoint: Int(form.zeroPoint), levels: form.levelCount)
  }
}

extension GroupMap {
  fileprivate var isPerOutputChannelOrCoarser: Bool { self == .tensor || self == .channel(axis: 0) }
}
