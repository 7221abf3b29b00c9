import Layers
import Quantizers
import Tensors

/// The calibration images' values at one node, in the FP32 network and in networks quantized up to there.
///
/// The node is one through which every path goes, so everything below it follows from these values.
struct ValueStreams {
  /// Where the values are.
  private(set) var node: NodeIndex
  private(set) var fullPrecision: CalibrationCache
  private(set) var quantized: [CalibrationCache]
  private let model: Model
  private let batch: Int
  private let budget: Int
  private let execution: Execution

  /// Starts at the input: the images themselves, and the images on each network's input grid.
  init(
    _ images: any CalibrationImages, _ networks: [QuantizedModel], batch: Int, budget: Int,
    execution: Execution
  ) throws {
    node = 0
    model = networks[0].model
    self.batch = batch
    self.budget = budget
    self.execution = execution
    let (count, rowShape) = (images.imageCount, images.imageShape)
    fullPrecision = try CalibrationCache(rowShape: rowShape, count: count)
    quantized = try networks.map { _ in try CalibrationCache(rowShape: rowShape, count: count) }
    try images.forEachBatch(of: batch) { first, values in
      fullPrecision.store(values, first: first)
      for (cache, network) in zip(quantized, networks) {
        let grid = network.activationGrids["input"]
        cache.store(try grid?.fakeQuantized(values, execution: execution) ?? values, first: first)
      }
      releasePages()
    }
  }

  /// The number of images.
  var count: Int { fullPrecision.count }

  /// Lets pages go that are not read now, when these caches and the others are together larger than the budget.
  func releasePages(_ others: [CalibrationCache] = []) {
    let caches = Dictionary(([fullPrecision] + quantized + others).map { (ObjectIdentifier($0), $0) }) { $1 }
      .values
    guard caches.reduce(0, { $0 + $1.byteCount }) > budget else { return }
    for cache in caches { cache.releasePages() }
  }

  /// Returns the values of a region's exit from those of its entry.
  func values(
    of part: Model, from source: CalibrationCache, transforms: GraphTransforms = GraphTransforms()
  ) throws -> CalibrationCache {
    let graph = part.graph
    let result = try CalibrationCache(rowShape: graph.nodes[graph.output].shape, count: count)
    for start in stride(from: 0, to: count, by: batch) {
      let rows = start..<min(count, start + batch)
      let output = try part.forward(source.rows(rows), transforms: transforms, execution: execution)
      result.store(output, first: start)
      releasePages([source, result])
    }
    return result
  }

  /// Returns the values at a node below this one, where a unit begins.
  func entries(
    of node: NodeIndex, _ networks: [QuantizedModel]
  ) throws -> (fullPrecision: CalibrationCache, quantized: [CalibrationCache]) {
    guard node != self.node else { return (fullPrecision, quantized) }
    let region = try model.graph.region(from: self.node, to: node)
    let below = try networks.enumerated().map { place, network in
      try values(
        of: network.model.part(region), from: quantized[place], transforms: network.transformsBehindInput)
    }
    return (try values(of: model.part(region), from: fullPrecision), below)
  }

  /// Moves to a node below, with the networks as they are now.
  mutating func advance(to node: NodeIndex, _ networks: [QuantizedModel]) throws {
    guard node != self.node else { return }
    (fullPrecision, quantized) = try entries(of: node, networks)
    self.node = node
  }

  /// Moves to the exit of a unit whose FP32 output is known.
  mutating func advance(over region: GraphRegion, target: CalibrationCache, _ networks: [QuantizedModel])
    throws
  {
    quantized = try networks.enumerated().map { place, network in
      try values(
        of: network.model.part(region), from: quantized[place], transforms: network.transformsBehindInput)
    }
    fullPrecision = target
    node = region.exit
  }
}

extension QuantizedModel {
  /// The fake quantizers of a part: its input is already on its grid.
  var transformsBehindInput: GraphTransforms {
    var result = transforms()
    result.outputs["input"] = nil
    return result
  }
}
