import Foundation
import Inference
import Interchange
import Layers
import Pipelines
import Quantizers
import Tensors
import TestSupport
import Testing

/// Networks that read normalised images, in integers.
@Suite struct NormalizedDataTests {
  /// 40 colour images of 6x6 bytes.
  private func dataset() throws -> Dataset {
    var random = RandomSource(seed: 5)
    let count = 40
    return try Dataset(
      name: "noise", imageShape: [6, 6, 3], classNames: ["a", "b", "c"],
      pixels: (0..<count * 108).map { _ in UInt8(random.integer(below: 256)) },
      labels: (0..<count).map { _ in UInt8(random.integer(below: 3)) })
  }

  private func model() throws -> Model {
    var graph = Graph(input: [6, 6, 3])
    let window = Window(kernel: [3, 3], padding: [1, 1, 1, 1])
    var x = try graph.add(try Conv2d(inChannels: 3, filters: 8, window: window), [0], name: "conv")
    x = try graph.add(ReLU(), [x], name: "relu")
    x = try graph.add(Flatten(), [try graph.add(GlobalAveragePool(), [x], name: "pool")], name: "flat")
    try graph.add(Linear(inFeatures: 8, features: 3), [x], name: "head")
    return Model(graph: graph, seed: 4)
  }

  private func quantized(_ data: Dataset) throws -> QuantizedModel {
    let grid = GridSpecification(bits: 8)
    return try QuantizedModel.quantizing(
      try model(), QuantizationOptions(weights: grid, activations: grid),
      calibration: try data.batch(0..<data.count).images, execution: Execution())
  }

  /// What pretrained networks read: mean and deviation per channel, values from -1 to 1, bytes as they are.
  static let maps: [@Sendable (Dataset) throws -> Dataset] = [
    { try $0.normalized(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]) },
    { try $0.normalized(by: ChannelMap(scale: 1 / 127.5, shift: -1)) },
    { try $0.normalized(by: ChannelMap(scale: 1, shift: 0)) },
  ]

  /// Logits of the engine are those of the fake-quantized network up to a step of the last sums' rounding.
  @Test(arguments: maps.indices)
  func theEngineScoresWhatTheFakeQuantizedNetworkScores(_ index: Int) throws {
    let data = try Self.maps[index](try dataset())
    let quantized = try quantized(data)

    let integer = try quantized.compiled().scores(for: data, rows: 0..<40, execution: Execution()).values
    let fake = try quantized.scores(for: data, rows: 0..<40, execution: Execution()).values

    let range = (fake.max() ?? 0) - (fake.min() ?? 0)
    #expect(range > 0)
    #expect(zip(integer, fake).allSatisfy { abs($0 - $1) <= 0.02 * range })
  }

  /// An engine calibrated on pixels takes bytes as codes; the bytes of normalised images are no codes of its input.
  @Test func theBytesOfNormalizedImagesAreNotTakenForCodes() throws {
    let pixels = try dataset()
    let engine = try quantized(pixels).compiled()
    let normalized = try pixels.normalized(mean: [0.25], deviation: [0.5])

    let scores = try engine.scores(for: normalized, rows: 0..<40, execution: Execution())
    let direct = try engine.logits(of: try normalized.batch(0..<40).images)
    let codes = try engine.logits(ofCodes: try #require(try pixels.codes(0..<40)))

    #expect(scores.values == direct.tensor.values)
    #expect(scores.values != codes.tensor.values)
    #expect(
      try engine.scores(for: pixels, rows: 0..<40, execution: Execution()).values == codes.tensor.values)
  }

  @Test func evaluationNeedsLabels() throws {
    let folder = try Scratch()
    try folder.write(Data([UInt8](repeating: 1, count: 108)), to: "rows.bin")
    let rows = try RawRows.load(folder.path("rows.bin"), shape: [6, 6, 3], type: .uint8)

    #expect(throws: PipelineError.noLabels(purpose: "evaluation")) {
      try model().evaluated(on: rows, execution: Execution())
    }
  }
}
