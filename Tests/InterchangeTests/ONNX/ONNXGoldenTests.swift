import Foundation
import Interchange
import Layers
import Tensors
import TestSupport
import Testing

/// A file of the data pack, its inputs as MANIFEST section 3 says, and ONNX Runtime's outputs for them.
struct GoldenNetwork: Sendable, CustomStringConvertible {
  let name: String
  /// Key of the outputs in the golden file.
  var key = "logits"
  /// Largest difference allowed.
  var tolerance: Float = 1e-3
  /// Reads the first images, and their labels where there are some.
  let inputs: @Sendable (Int) throws -> (images: Tensor, labels: [Int]?)
  var description: String { name }

  static let all = [
    GoldenNetwork(name: "resnet20_cifar10") {
      try cifar($0) { code, channel in
        let mean: [Float] = [0.485, 0.456, 0.406]
        let deviation: [Float] = [0.229, 0.224, 0.225]
        return (Float(code) / 255 - mean[channel]) / deviation[channel]
      }
    },
    GoldenNetwork(name: "resnet8_cifar10_mlperf") { try cifar($0) { code, _ in Float(code) } },
    GoldenNetwork(name: "kws_dscnn_mlperf") { count in
      let folder = "data/mlperf_tiny/data/kws01"
      let codes = try Data(
        contentsOf: URL(fileURLWithPath: SharedData.path(folder + "_mfcc_int8_1000x49x10.bin")))
      let labels = try Data(contentsOf: URL(fileURLWithPath: SharedData.path(folder + "_labels_u8_1000.bin")))
      let values = codes.prefix(count * 490).map { (Float(Int8(bitPattern: $0)) - 83) * 0.5847029089927673 }
      return (Tensor([count, 49, 10, 1], values), labels.prefix(count).map(Int.init))
    },
    // Sums of its first layer reach 7,831, where FP32 steps by 4.9e-4: ONNX Runtime's own outputs are up to 4.8e-3 from an
    // evaluation in double precision.
    GoldenNetwork(name: "ad_autoencoder_mlperf", tolerance: 5e-3) { count in
      // Windows of 5 frames of 128 mel bands, from the recording's 200 frames.
      let path = "data/mlperf_tiny/data/ad01_normal_id_01_00000000_hist_librosa_f32_200x128.bin"
      let bytes = try Data(contentsOf: URL(fileURLWithPath: SharedData.path(path)))
      let values = bytes.withUnsafeBytes { raw in
        (0..<count).flatMap { first in
          (0..<640).map { raw.loadUnaligned(fromByteOffset: 4 * (128 * first + $0), as: Float.self) }
        }
      }
      return (Tensor([count, 640], values), nil)
    },
    GoldenNetwork(name: "mobilenetv1_025_224_imagenet", key: "logits_eval_first64") { count in
      let path = "data/imagenet/eval_first64_224_rgb_u8_nhwc.bin.gz"
      let codes = try Gzip.contents(of: SharedData.path(path), limit: 1 << 28, remedy: "")
      let values = codes.prefix(count * 150_528).map { Float($0) / 127.5 - 1 }
      return (Tensor([count, 224, 224, 3], values), try imageNetLabels(count))
    },
  ]

  private static func cifar(_ count: Int, _ value: (UInt8, Int) -> Float) throws -> (Tensor, [Int]) {
    let data = try CIFAR10.load(files: [SharedData.path("data/cifar10/test_batch.bin.gz")])
    let codes = try #require(try data.codes(Array(0..<count)))
    let values = codes.enumerated().map { value(UInt8($0.element), $0.offset % 3) }
    return (Tensor([count, 32, 32, 3], values), try data.batch(0..<count).labels)
  }

  /// Labels of the decoded evaluation images, by their index in the list of evaluation images.
  private static func imageNetLabels(_ count: Int) throws -> [Int] {
    let rows = try String(contentsOfFile: SharedData.path("data/imagenet/labels.csv"), encoding: .utf8)
      .split(whereSeparator: \.isNewline).map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let indices = try String(
      contentsOfFile: SharedData.path("data/imagenet/eval_first64.indices.txt"), encoding: .utf8
    ).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    let column = try #require(rows.first?.firstIndex(of: "label0"))
    return try indices.prefix(count).map { try #require(Int(rows[$0 + 1][column])) }
  }
}

/// Networks of the data pack against what ONNX Runtime computed for them.
@Suite(.enabled(if: SharedData.isPresent))
struct ONNXGoldenTests {
  @Test(arguments: GoldenNetwork.all)
  func logitsEqualONNXRuntimes(_ network: GoldenNetwork) throws {
    let model = try ONNXFile(path: SharedData.path("data/onnx/\(network.name).onnx")).model()
    let golden = try SafetensorsFile(path: SharedData.path("data/golden/\(network.name).safetensors"))
      .tensor(network.key)
    let (images, labels) = try network.inputs(golden.shape[0])

    let logits = try model.forward(images, execution: Execution())

    #expect(logits.shape == golden.shape)
    let difference = zip(logits.values, golden.values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(difference <= network.tolerance)
    let (ours, theirs) = (logits.predictions, golden.predictions)
    let correct = labels.map { zip(ours, $0).count { $0 == $1 } }
    #expect(zip(ours, theirs).count { $0 != $1 } == 0)
    print(
      "\(network.name): largest difference \(difference) over \(golden.shape), top-1 equal, "
        + "correct \(correct.map(String.init) ?? "-") of \(golden.shape[0])")
  }

  /// Names of files are names of our nodes, and every value of the file is a parameter.
  @Test func parametersCarryTheNamesOfTheFile() throws {
    let model = try ONNXFile(path: SharedData.path("data/onnx/resnet20_cifar10.onnx")).model()

    try model.validate()
    #expect(model.parameters["layer1.0.conv1.weight"]?.shape == [16, 3, 3, 16])
    #expect(model.parameters["logits.weight"]?.shape == [10, 64])
    #expect(model.trainableCount == 269_722)
    #expect(model.graph.nodes.count { $0.layer is AveragePool } == 2)
    #expect(model.graph.nodes.count { $0.layer is Pad } == 2)
  }

  /// There is no golden file for this network: its layers are checked against the file's own structure.
  @Test func wakeWordNetworkHasItsTwoScores() throws {
    let model = try ONNXFile(path: SharedData.path("data/onnx/vww_mobilenetv1_025_96_mlperf.onnx")).model()

    try model.validate()
    #expect(model.graph.nodes[0].shape == [96, 96, 3])
    #expect(model.graph.nodes[model.graph.output].shape == [2])
    #expect(!model.graph.nodes.contains { $0.layer is Softmax })
  }

  @Test func anotherOutputCanBeAskedFor() throws {
    let file = try ONNXFile(path: SharedData.path("data/onnx/resnet8_cifar10_mlperf.onnx"))

    let model = try file.model(output: "softmax_29")
    let (images, _) = try GoldenNetwork.all[1].inputs(3)
    let scores = try model.forward(images, execution: Execution())

    #expect(file.outputs == ["dense", "softmax_29"])
    for row in 0..<3 { #expect(abs(scores.values[(10 * row)..<(10 * row + 10)].reduce(0, +) - 1) < 1e-5) }
    #expect(
      throws: InterchangeError.malformed(
        path: file.path, problem: "it has no output 'softmax'. It takes dense, softmax_29.")
    ) { try file.model(output: "softmax") }
  }
}

extension Tensor {
  /// The place of the largest value of each row.
  fileprivate var predictions: [Int] {
    let (values, width) = (values, shape[-1])
    return (0..<shape[0]).map { row in
      (0..<width).max { values[row * width + $0] < values[row * width + $1] } ?? 0
    }
  }
}
