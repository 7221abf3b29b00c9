import Foundation
import Interchange
import Layers
import Tensors
import TestSupport
import Testing

import Pipelines

/// A network of every kind of parameter, and its values as PyTorch orders them.
private struct PyTorchNetwork {
  let height = 3
  let width = 4
  let channels = 2
  let filters = 3
  let features = 5
  var graph: Graph
  var values: [String: Tensor] = [:]

  init() throws {
    graph = Graph(input: [height, width, channels])
    let window = Window(kernel: [2, 3], padding: [1, 1, 0, 1])
    let conv = try Conv2d(inChannels: channels, filters: filters, window: window)
    var value = try graph.add(conv, [0], name: "layer1.0.conv1")
    let depthwise = try Conv2d(
      inChannels: filters, filters: filters, window: Window(kernel: [1, 3], padding: [0, 1, 0, 1]),
      groups: filters, hasBias: false)
    value = try graph.add(depthwise, [value], name: "dw")
    value = try graph.add(Flatten(), [value], name: "flat")
    value = try graph.add(BatchNorm(channels: flat), [value], name: "bn")
    value = try graph.add(ReLU(), [value], name: "relu")
    try graph.add(Linear(inFeatures: flat, features: features), [value], name: "fc")
    var random = RandomSource(seed: 7)
    let shapes: [(String, Shape)] = [
      ("layer1.0.conv1.weight", [filters, channels, 2, 3]), ("layer1.0.conv1.bias", [filters]),
      ("dw.weight", [filters, 1, 1, 3]), ("fc.weight", [features, flat]), ("fc.bias", [features]),
      ("bn.weight", [flat]), ("bn.bias", [flat]), ("bn.running_mean", [flat]), ("bn.running_var", [flat]),
    ]
    for (key, shape) in shapes {
      values[key] = Tensor(
        shape,
        (0..<shape.count).map { _ in key == "bn.running_var" ? 0.5 + random.uniform() : random.normal() })
    }
  }

  private var flat: Int { height * width * filters }

  private func weight(_ key: String) -> [Float] { values[key]?.values ?? [] }

  /// The output for an image `[C, H, W]`, by the definitions of PyTorch's layers and nothing else.
  func output(_ image: [Float]) -> [Float] {
    func at(_ values: [Float], _ c: Int, _ i: Int, _ j: Int) -> Float {
      i < 0 || j < 0 || i >= height || j >= width ? 0 : values[(c * height + i) * width + j]
    }
    let (w, b, d) = (weight("layer1.0.conv1.weight"), weight("layer1.0.conv1.bias"), weight("dw.weight"))
    var x = [Float](repeating: 0, count: flat)
    var y = x
    for index in 0..<flat {
      let (o, i, j) = (index / (height * width), index / width % height, index % width)
      x[index] = b[o]
      for c in 0..<channels {
        for tap in 0..<6 {
          let place = (o * channels + c) * 6 + tap
          x[index] += w[place] * at(image, c, i + tap / 3 - 1, j + tap % 3 - 1)
        }
      }
    }
    for index in 0..<flat {
      let (o, i, j) = (index / (height * width), index / width % height, index % width)
      for tap in 0..<3 { y[index] += d[o * 3 + tap] * at(x, o, i, j + tap - 1) }
    }
    let (gamma, beta) = (weight("bn.weight"), weight("bn.bias"))
    let (mean, variance) = (weight("bn.running_mean"), weight("bn.running_var"))
    for index in 0..<flat {
      let normal = (y[index] - mean[index]) / (variance[index] + 1e-5).squareRoot()
      y[index] = max(0, gamma[index] * normal + beta[index])
    }
    let (rows, bias) = (weight("fc.weight"), weight("fc.bias"))
    return (0..<features).map { o in (0..<flat).reduce(bias[o]) { $0 + rows[o * flat + $1] * y[$1] } }
  }
}

@Suite struct CheckpointTests {
  @Test func pyTorchValuesComputeWhatPyTorchsLayersDefine() throws {
    let network = try PyTorchNetwork()
    let folder = try Scratch()
    var file = network.values.map { ("module.\($0.key)", $0.value) }
    file.append(("module.bn.num_batches_tracked", Tensor([], [100])))
    try SafetensorsFile.write(Dictionary(uniqueKeysWithValues: file), to: folder.path("net.safetensors"))
    var random = RandomSource(seed: 8)
    let (height, width, channels) = (network.height, network.width, network.channels)
    let planar = (0..<height * width * channels).map { _ in random.normal() }
    let interleaved = (0..<planar.count).map { planar[$0 % channels * height * width + $0 / channels] }

    let model = try Checkpoint.load(folder.path("net.safetensors"), into: network.graph)

    let output = try model.forward(Tensor([1, height, width, channels], interleaved), execution: Execution())
    for (mine, definition) in zip(output.values, network.output(planar)) {
      #expect(abs(mine - definition) < 1e-4 * max(1, abs(definition)))
    }
  }

  /// With as many channels as rows and columns the two layouts have one shape: only the metadata tell them apart.
  @Test func ourFilesSayTheirLayout() throws {
    let folder = try Scratch()
    var graph = Graph(input: [3, 3, 3])
    let conv = try Conv2d(inChannels: 3, filters: 2, window: Window(kernel: [3, 3]), hasBias: false)
    try graph.add(conv, [0], name: "conv")
    let weight = Tensor([2, 3, 3, 3], (0..<54).map(Float.init))
    try Checkpoint.save(Model(graph: graph, parameters: ["conv.weight": weight]), to: folder.path("ours"))
    try SafetensorsFile.write(["conv.weight": weight], to: folder.path("theirs"))

    #expect(try SafetensorsFile(path: folder.path("ours")).metadata == ["layout": "OHWI"])
    #expect(
      try Checkpoint.load(folder.path("ours"), into: graph).parameters["conv.weight"]?.values == weight.values
    )
    let theirs = try Checkpoint.load(folder.path("theirs"), into: graph).parameters["conv.weight"]
    // The second value of a row is the next channel, which PyTorch keeps 9 values further.
    #expect(theirs?.values.prefix(4) == [0, 9, 18, 1])
  }

  @Test func wrongKeysAreListedWithTheNearestNames() throws {
    let network = try PyTorchNetwork()
    let folder = try Scratch()
    let path = folder.path("net.safetensors")
    var values = network.values
    values["layer1.0.conv.weight"] = values.removeValue(forKey: "layer1.0.conv1.weight")
    values["fc.weights"] = values.removeValue(forKey: "fc.weight")
    values["head.bias"] = Tensor([1], [0])
    try SafetensorsFile.write(values, to: path)

    #expect(
      throws: PipelineError.checkpoint(
        path: path,
        problem: "missing 2 of the architecture's 9 keys: 'fc.weight' (the file has 'fc.weights'), "
          + "'layer1.0.conv1.weight' (the file has 'layer1.0.conv.weight'); unexpected 3 of the file's 10 keys: "
          + "'fc.weights' (the architecture has 'fc.weight'), 'head.bias' (the architecture has 'fc.weight'), "
          + "'layer1.0.conv.weight' (the architecture has 'layer1.0.conv1.weight'). "
          + "Load the architecture the file was made for, or name its nodes as the file does.")
    ) { try Checkpoint.load(path, into: network.graph) }
  }

  @Test func manyWrongKeysAreCounted() throws {
    let folder = try Scratch()
    let path = folder.path("net.safetensors")
    var graph = Graph(input: [2])
    try graph.add(Linear(inFeatures: 2, features: 1), [0], name: "fc")
    var values = ["fc.weight": Tensor([1, 2], [1, 2]), "fc.bias": Tensor([1], [0])]
    for index in 1...9 { values["x\(index)"] = Tensor([1], [0]) }
    try SafetensorsFile.write(values, to: path)

    #expect(
      throws: PipelineError.checkpoint(
        path: path,
        problem: "unexpected 9 of the file's 11 keys: 'x1', 'x2', 'x3', 'x4', 'x5', and 4 more. "
          + "Load the architecture the file was made for, or name its nodes as the file does.")
    ) { try Checkpoint.load(path, into: graph) }
  }

  @Test func aWrongShapeIsNamedInTheFilesOrder() throws {
    let network = try PyTorchNetwork()
    let folder = try Scratch()
    var values = network.values
    values["dw.weight"] = Tensor(zeros: [3, 1, 3, 1])
    try SafetensorsFile.write(values, to: folder.path("net"))

    #expect(
      throws: PipelineError.checkpoint(
        path: folder.path("net"),
        problem: "'dw.weight' is 3x1x3x1, but the architecture needs 3x1x1x3. "
          + "Train again, or load the architecture it was made with.")
    ) { try Checkpoint.load(folder.path("net"), into: network.graph) }
  }
}
