import Layers
public import Quantizers
import Tensors

extension QuantizedModel {
  /// Lowers the network to integers and prepares it for this machine.
  ///
  /// - Throws: ``InferenceError`` that says what has no integer form: mode `published`, values that are not quantized, more
  ///   than 256 levels, sums that may overflow.
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
    var levels: [String: @Sendable (Double) -> Double] = [:]
    for (name, grid) in activationGrids {
      guard grid.groupCount == 1 else {
        throw InferenceError.unsupportedGrid(node: name, grid: describe(grid))
      }
      if let form = (grid as? RegionGrid)?.uniformForm(group: 0) {
        outputGrids[name] = IntegerGrid(form)
      } else {
        let form = try grid.eightBitForm()
        outputGrids[name] = form.grid
        levels[name] = form.level
      }
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
    return try IntegerModel(
      lowering: graph, outputGrids: outputGrids, levels: levels, weights: weights, biases: biases)
  }

  private func integerWeights(
    _ weight: Tensor, _ grid: any QuantizationGrid, _ name: String
  ) throws -> IntegerWeights {
    let channels = weight.shape[0]
    var values = weight
    let region: RegionGrid
    if let own = grid as? RegionGrid, own.isUniform, own.group.isPerOutputChannelOrCoarser {
      region = own
    } else {
      values = try grid.fakeQuantized(weight, execution: Execution())
      region = try Self.snapping(values)
    }
    let forms = (0..<region.groupCount).compactMap { region.uniformForm(group: $0) }
    guard forms.count == region.groupCount, let first = forms.first,
      forms.count == 1 || forms.count == channels
    else { throw InferenceError.unsupportedGrid(node: name, grid: describe(grid)) }
    let perChannel = forms.count == 1 ? [UniformForm](repeating: first, count: channels) : forms
    return IntegerWeights(
      codes: try region.globalCodes(of: values), levels: first.levelCount,
      scales: perChannel.map { Double($0.scale) }, zeroPoints: perChannel.map { Int($0.zeroPoint) })
  }

  /// The grid for levels without an affine form per output channel: the 255 codes of a symmetric grid of each channel.
  ///
  /// A value moves by at most half of `max |w| / 127` of its channel.
  /// Source: the level table of ggml's IQ4_NL, with a scale per channel in place of one per 32 values.
  private static func snapping(_ values: Tensor) throws -> RegionGrid {
    let depth = values.count / max(1, values.shape[0])
    let forms = (0..<values.shape[0]).map { channel in
      let largest = values.withValues {
        $0[channel * depth..<(channel + 1) * depth].reduce(0) { max($0, abs($1)) }
      }
      return UniformForm(scale: largest > 0 ? largest / 127 : 1, zeroPoint: 127, levelCount: 255)
    }
    return try RegionGrid(uniforms: forms, group: .channel(axis: 0))
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

extension QuantizationGrid {
  /// 256 affine codes over the levels and 0, and the level of each value on them.
  fileprivate func eightBitForm() throws -> (grid: IntegerGrid, level: @Sendable (Double) -> Double) {
    let affine = try RegionGrid(GridSpecification(bits: 8), ranges: [bounds(group: 0)])
    guard let form = affine.uniformForm(group: 0) else {
      preconditionFailure("8 bits in one interval are uniform")
    }
    let grid = IntegerGrid(form)
    let levels = try fakeQuantized(Tensor([256], affine.levels(group: 0)), execution: Execution()).values
    return (grid, { Double(levels[Int(grid.code(of: $0))]) })
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
