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
        let form = grid.eightBitForm
        outputGrids[name] = IntegerGrid(form)
        levels[name] = try grid.levelTable(form)
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
    guard let region = grid as? RegionGrid, region.isUniform, region.group.isPerOutputChannelOrCoarser else {
      return try snappedWeights(weight, grid)
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

  /// Levels without an affine form per output channel, on the 255 codes of a symmetric grid of each channel.
  ///
  /// A value moves by at most half of `max |w| / 127` of its channel.
  /// Source: the level table of ggml's IQ4_NL, with a scale per channel in place of one per 32 values.
  private func snappedWeights(_ weight: Tensor, _ grid: any QuantizationGrid) throws -> IntegerWeights {
    let values = try grid.fakeQuantized(weight, execution: Execution()).values
    let depth = weight.count / max(1, weight.shape[0])
    var scales: [Double] = []
    var codes: [UInt8] = []
    codes.reserveCapacity(values.count)
    for channel in 0..<weight.shape[0] {
      let row = values[channel * depth..<(channel + 1) * depth]
      let largest = row.reduce(0) { max($0, abs(Double($1))) }
      let scale = largest > 0 ? largest / 127 : 1
      scales.append(scale)
      codes += row.map { UInt8(127 + (Double($0) / scale).rounded(.toNearestOrEven)) }
    }
    return IntegerWeights(
      codes: codes, levels: 255, scales: scales, zeroPoints: [Int](repeating: 127, count: scales.count))
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
  /// The 256 codes of one affine grid over the levels and 0.
  fileprivate var eightBitForm: UniformForm {
    let bounds = bounds(group: 0)
    let (low, high) = (min(bounds.low, 0), max(bounds.high, 0))
    let scale = max((high - low) / 255, 1e-8)
    return UniformForm(scale: scale, zeroPoint: Int32((-low / scale).rounded()), levelCount: 256)
  }

  /// The level of each code's value.
  fileprivate func levelTable(_ form: UniformForm) throws -> @Sendable (Double) -> Double {
    let codes = (0..<256).map { Float(Int32($0) - form.zeroPoint) * form.scale }
    let levels = try fakeQuantized(Tensor([256], codes), execution: Execution()).values
    return { value in
      let code = (value / Double(form.scale)).rounded(.toNearestOrEven) + Double(form.zeroPoint)
      return Double(levels[Int(max(0, min(255, code)))])
    }
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
