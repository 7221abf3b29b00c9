import Inference
import Interchange
import Layers
import Tensors

/// Rounds values to a grid per channel group: the fake quantization these tests compare integers with.
struct GridTransform: TensorTransform {
  /// One grid for all, or one per output channel (the first axis).
  let grids: [IntegerGrid]

  func apply(to x: Tensor, execution: Execution) throws -> Tensor {
    let perGrid = x.count / grids.count
    return Tensor(
      x.shape,
      x.values.enumerated().map { index, value in
        let grid = grids[index / perGrid]
        return Float(grid.value(Int(grid.code(of: Double(value)))))
      })
  }

  func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) throws -> Tensor { gradient }
}

/// A network of every layer with an integer form, its grids from images, and its lowering.
struct FakeQuantizedNetwork {
  let model: Model
  let outputGrids: [String: IntegerGrid]
  let weights: [String: IntegerWeights]
  let transforms: GraphTransforms
  let lowering: GraphLowering
  let engine: IntegerEngine

  /// Real images when the data set is installed, seeded noise otherwise, `[N, 28, 28, 1]`.
  static func images(_ count: Int) -> Tensor {
    let path = FashionMNIST.defaultFolder + "/t10k-images-idx3-ubyte.gz"
    let bytes: [UInt8]
    if let file = try? IDX.read(path, rank: 3, remedy: "") {
      bytes = Array(file.bytes.prefix(count * 784))
    } else {
      var random = RandomSource(seed: 1)
      bytes = (0..<(count * 784)).map { _ in UInt8(random.integer(below: 256)) }
    }
    return Tensor([count, 28, 28, 1], bytes.map { Float($0) / 255 })
  }

  /// The FP32 network, seeded.
  static func network() throws -> Model {
    var model = Model(graph: try graph(), seed: 9)
    var random = RandomSource(seed: 10)
    for key in model.parameters.keys.sorted() where key.hasSuffix(".bias") {
      model.parameters[key]?.withMutableValues {
        for index in $0.indices { $0[index] = 0.2 * random.normal() }
      }
    }
    return model
  }

  init(levels: Int, weightLevels: Int) throws {
    let model = try Self.network()
    let graph = model.graph
    // These outputs are quantized behind the activation that reads them, moves their values, or are the logits.
    let open: Set = [
      "stem", "depthwise", "add", "shuffle", "left", "right", "max", "chosen", "flat", "pad", "fc",
    ]
    var grids: [String: IntegerGrid] = [:]
    _ = try model.forward(Self.images(32), execution: Execution()) { index, value in
      let name = graph.nodes[index].name
      if open.contains(name) { return }
      let low = Double(min(0, value.values.min() ?? 0)) * 0.9
      let high = Double(max(0, value.values.max() ?? 0)) * 0.9
      let scale = (high - low) / Double(levels - 1)
      grids[name] = IntegerGrid(scale: scale, zeroPoint: Int((-low / scale).rounded()), levels: levels)
    }
    weights = Self.weights(model, levels: weightLevels)
    var transforms = GraphTransforms(outputs: grids.mapValues { GridTransform(grids: [$0]) })
    for (name, weights) in weights {
      transforms.parameters[name + ".weight"] = GridTransform(
        grids: zip(weights.scales, weights.zeroPoints).map {
          IntegerGrid(scale: $0, zeroPoint: $1, levels: weightLevels)
        })
    }
    let biases = weights.keys.map { name in
      (name, (model.parameters[name + ".bias"]?.values ?? []).map { Double($0) })
    }
    var lowering = try GraphLowering(
      graph, outputGrids: grids, weights: weights, biases: Dictionary(uniqueKeysWithValues: biases))
    engine = try IntegerEngine(try lowering.model())
    self.lowering = lowering
    self.model = model
    self.transforms = transforms
    outputGrids = grids
  }

  private static func weights(_ model: Model, levels: Int) -> [String: IntegerWeights] {
    var result: [String: IntegerWeights] = [:]
    for (key, value) in model.parameters where key.hasSuffix(".weight") {
      let rows = value.shape[0]
      let size = value.count / rows
      var codes: [UInt8] = []
      var scales: [Double] = []
      var zeroPoints: [Int] = []
      for row in 0..<rows {
        let values = value.values[(row * size)..<((row + 1) * size)].map { Double($0) }
        let low = min(0, values.min() ?? 0)
        let scale = (max(0, values.max() ?? 0) - low) / Double(levels - 1)
        let grid = IntegerGrid(scale: scale, zeroPoint: Int((-low / scale).rounded()), levels: levels)
        scales.append(scale)
        zeroPoints.append(grid.zeroPoint)
        codes += values.map { grid.code(of: $0) }
      }
      result[String(key.dropLast(7))] = IntegerWeights(
        codes: codes, levels: levels, scales: scales, zeroPoints: zeroPoints)
    }
    return result
  }

  private static func graph() throws -> Graph {
    var graph = Graph(input: [28, 28, 1])
    func window(_ kernel: Int, stride: Int = 1) -> Window {
      let pad = kernel / 2
      return Window(kernel: [kernel, kernel], stride: [stride, stride], padding: [pad, pad, pad, pad])
    }
    func conv(_ input: Int, _ output: Int, _ window: Window, groups: Int = 1) throws -> Conv2d {
      try Conv2d(inChannels: input, filters: output, window: window, groups: groups)
    }
    let stem = try graph.add(conv(1, 8, window(5, stride: 2)), [0], name: "stem")
    let relu = try graph.add(ReLU(), [stem], name: "stem_relu")
    let depthwise = try graph.add(conv(8, 8, window(3), groups: 8), [relu], name: "depthwise")
    let relu6 = try graph.add(ReLU6(), [depthwise], name: "depthwise_relu6")
    let point = try graph.add(conv(8, 16, window(1)), [relu6], name: "point")
    let short = try graph.add(Pad(padding: [0, 0, 0, 0], channels: [4, 4]), [relu], name: "pad")
    let sum = try graph.add(Add(), [point, short], name: "add")
    let rectified = try graph.add(ReLU(), [sum], name: "add_relu")
    let shuffle = try graph.add(ChannelShuffle(groups: 4), [rectified], name: "shuffle")
    let left = try graph.add(Slice(start: 0, end: 7), [shuffle], name: "left")
    let right = try graph.add(Slice(start: 7, end: 16), [shuffle], name: "right")
    let grouped = try graph.add(conv(9, 9, window(3), groups: 3), [right], name: "grouped")
    let swish = try graph.add(HardSwish(), [grouped], name: "swish")
    let joined = try graph.add(Concat(), [left, swish], name: "concat")
    let pooled = try graph.add(MaxPool(window: window(3, stride: 2)), [joined], name: "max")
    let gate = try graph.add(conv(16, 16, window(1)), [pooled], name: "gate")
    let product = try graph.add(Multiply(), [pooled, gate], name: "product")
    let mean = try graph.add(AveragePool(window: window(3), countsPadding: false), [product], name: "mean")
    let chosen = try graph.add(
      AveragePool(window: Window(kernel: [1, 1], stride: [2, 2])), [mean], name: "chosen")
    let global = try graph.add(GlobalAveragePool(), [chosen], name: "global")
    let flat = try graph.add(Flatten(), [global], name: "flat")
    try graph.add(Linear(inFeatures: 16, features: 10), [flat], name: "fc")
    return graph
  }
}
