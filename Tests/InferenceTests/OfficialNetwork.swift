import Foundation
import Inference
import Packing
import TestSupport
import Tensors

/// An official MLPerf Tiny int8 network of the shared data: its integer model, and what LiteRT's reference kernels computed.
///
/// int8 tensors become u8 by adding 128 to values and zero points, which changes no product.
struct OfficialNetwork {
  static let names = ["ad_autoencoder_int8", "ic_resnet8_int8", "kws_dscnn_int8", "vww_mobilenetv1_int8"]

  let name: String
  let model: IntegerModel
  /// The tensor index of each node, in the order of the model's nodes.
  let tensorOfNode: [Int]
  /// Recorded activations of input 0 by tensor index, as u8.
  let recorded: [Int: [UInt8]]
  /// All inputs, and the networks' outputs for them, as u8.
  let inputs: [UInt8]
  let outputs: [UInt8]
  let endsInSoftmax: Bool

  init(_ name: String) throws {
    let folder = SharedData.path("data/mlperf_tiny/int8/")
    let json = try Data(contentsOf: URL(fileURLWithPath: folder + name + ".json"))
    let reader = try NetworkReader(
      json: JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:],
      weights: RawSafetensors(path: folder + name + ".weights.safetensors"))
    let golden = try RawSafetensors(path: folder + name + ".golden_ref.safetensors")
    self.name = name
    (model, tensorOfNode, endsInSoftmax) = try reader.model()
    let stored = golden.shifted("inputs")
    let first = golden.shifted("x0.t\(tensorOfNode[0])")
    // ic_resnet8's inputs were saved plane after plane, whatever their declared shape says.
    inputs = stored.starts(with: first) ? stored : Self.interleaved(stored, model.nodes[0].shape)
    outputs = golden.shifted("outputs")
    recorded = Dictionary(
      uniqueKeysWithValues: golden.names.compactMap { key in
        key.hasPrefix("x0.t") ? Int(key.dropFirst(4)).map { ($0, golden.shifted(key)) } : nil
      })
  }

  /// Images [C, H, W] as [H, W, C].
  private static func interleaved(_ planes: [UInt8], _ shape: Shape) -> [UInt8] {
    let (positions, channels) = (shape[0] * shape[1], shape[2])
    return planes.indices.map { index in
      let (image, offset) = (index / shape.count, index % shape.count)
      return planes[image * shape.count + offset % channels * positions + offset / channels]
    }
  }
}

/// The bytes of a safetensors file by name.
struct RawSafetensors {
  private let bytes: Data
  private let ranges: [String: Range<Int>]

  init(path: String) throws {
    let file = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: file[8..<(8 + length)]) as? [String: Any] ?? [:]
    bytes = file
    ranges = header.compactMapValues { entry in
      guard let offsets = (entry as? [String: Any])?["data_offsets"] as? [Int] else { return nil }
      return (8 + length + offsets[0])..<(8 + length + offsets[1])
    }
  }

  var names: [String] { ranges.keys.sorted() }

  func bytes(_ name: String) -> [UInt8] { ranges[name].map { Array(bytes[$0]) } ?? [] }

  /// int8 values plus 128.
  func shifted(_ name: String) -> [UInt8] { bytes(name).map { $0 &+ 128 } }

  func int32(_ name: String) -> [Int32] {
    let raw = bytes(name)
    return stride(from: 0, to: raw.count, by: 4).map { start in
      Int32(truncatingIfNeeded: (0..<4).reduce(0) { $0 | Int(raw[start + $1]) << (8 * $1) })
    }
  }
}

/// Turns the dump of a .tflite file into an integer model.
struct NetworkReader {
  let json: [String: Any]
  let weights: RawSafetensors

  private var tensors: [[String: Any]] { json["tensors"] as? [[String: Any]] ?? [] }
  private var operators: [[String: Any]] { json["operators"] as? [[String: Any]] ?? [] }

  private func shape(_ tensor: Int) -> [Int] { tensors[tensor]["shape"] as? [Int] ?? [] }
  private func scales(_ tensor: Int) -> [Double] { tensors[tensor]["scale"] as? [Double] ?? [] }

  private func grid(_ tensor: Int) -> IntegerGrid {
    let zeroPoint = (tensors[tensor]["zero_point"] as? [Int])?.first ?? 0
    return IntegerGrid(scale: scales(tensor)[0], zeroPoint: zeroPoint + 128)
  }

  func model() throws -> (IntegerModel, [Int], Bool) {
    let input = (json["inputs"] as? [Int] ?? [])[0]
    var nodes = [
      IntegerNode(
        "input", .input, inputs: [], shape: Shape(Array(shape(input).dropFirst())), grid: grid(input))
    ]
    var nodeOfTensor = [input: 0]
    var tensorOfNode = [input]
    var endsInSoftmax = false
    for (index, entry) in operators.enumerated() {
      let kind = entry["op"] as? String ?? ""
      let reads = entry["inputs"] as? [Int] ?? []
      let result = (entry["outputs"] as? [Int] ?? [])[0]
      if kind == "SOFTMAX" {
        endsInSoftmax = true
        continue
      }
      let operation = try operation(kind, entry, reads, result)
      let sources = reads.compactMap { nodeOfTensor[$0] }
      let extents = shape(result)
      nodes.append(
        IntegerNode(
          "\(index).\(kind)", operation, inputs: sources, shape: Shape(Array(extents.dropFirst())),
          grid: grid(result)))
      nodeOfTensor[result] = nodes.count - 1
      tensorOfNode.append(result)
    }
    return (IntegerModel(nodes: nodes, output: nodes.count - 1), tensorOfNode, endsInSoftmax)
  }

  private func operation(
    _ kind: String, _ entry: [String: Any], _ reads: [Int], _ result: Int
  ) throws -> IntegerOperation {
    let isRectified = entry["FusedActivationFunction"] as? String == "RELU"
    let range = CodeRange(isRectified ? UInt8(grid(result).zeroPoint) : 0, 255)
    switch kind {
    case "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED":
      return .convolution(try convolution(kind, entry, reads, result, range))
    case "ADD":
      return IntegerAddition(grid(reads[0]), grid(reads[1]), onto: grid(result), range: range).map {
        .add($0)
      } ?? .reshape
    case "AVERAGE_POOL_2D":
      let kernel = [entry["FilterHeight"] as? Int ?? 1, entry["FilterWidth"] as? Int ?? 1]
      return .averagePool(WindowGeometry(kernel: kernel, stride: kernel), .sameGrid(origin: 128))
    default: return .reshape
    }
  }

  private func convolution(
    _ kind: String, _ entry: [String: Any], _ reads: [Int], _ result: Int, _ range: CodeRange
  ) throws -> IntegerConvolution {
    let channels = shape(result).last ?? 0
    let isLinear = kind == "FULLY_CONNECTED"
    let isDepthwise = kind == "DEPTHWISE_CONV_2D"
    var codes = weights.shifted("t\(reads[1])")
    let taps = codes.count / channels
    if isDepthwise {
      let source = codes
      for channel in 0..<channels {
        for tap in 0..<taps { codes[channel * taps + tap] = source[tap * channels + channel] }
      }
    }
    let scale = scales(reads[1])
    let multipliers = (0..<channels).map { channel in
      // LiteRT multiplies the two scales of a linear layer in FP32, those of a convolution in FP64.
      let product =
        isLinear
        ? Double(Float(scales(reads[0])[0]) * Float(scale[0]))
        : Double(Float(scales(reads[0])[0])) * Double(Float(scale[scale.count == 1 ? 0 : channel]))
      return FixedPointMultiplier(product / Double(Float(scales(result)[0])))
        ?? FixedPointMultiplier(multiplier: 0, shift: 0)
    }
    return IntegerConvolution(
      window: isLinear ? WindowGeometry(kernel: [1, 1]) : window(entry, reads, result),
      groups: isDepthwise ? channels : 1, weights: try PackedCodes(codes, bits: 8),
      zeroPoints: [Int32](repeating: 128, count: channels), bias: weights.int32("t\(reads[2])"),
      multipliers: multipliers, rounding: isLinear ? .single : .double, range: range)
  }

  /// TensorFlow's SAME padding: the smaller half above and left.
  private func window(_ entry: [String: Any], _ reads: [Int], _ result: Int) -> WindowGeometry {
    let kernel = Array(shape(reads[1])[1...2])
    let stride = [entry["StrideH"] as? Int ?? 1, entry["StrideW"] as? Int ?? 1]
    let padding = (0..<2).map { (axis: Int) -> Int in
      let covered = (shape(result)[axis + 1] - 1) * stride[axis] + kernel[axis]
      return max(0, covered - shape(reads[0])[axis + 1]) / 2
    }
    return WindowGeometry(kernel: kernel, stride: stride, padding: padding)
  }
}
