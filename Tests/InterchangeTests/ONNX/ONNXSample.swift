import Foundation
import Interchange
import Layers
import SwiftProtobuf
import Tensors
import Testing

/// ONNX models made in memory, one operator at a time.
enum ONNXSample {
  /// A node; `name` is its first output.
  static func node(
    _ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [ONNXAttributeProto] = []
  ) -> ONNXNodeProto {
    var node = ONNXNodeProto()
    node.opType = operation
    node.input = inputs
    node.output = outputs
    node.attribute = attributes
    return node
  }

  static func integer(_ name: String, _ value: Int) -> ONNXAttributeProto {
    attribute(name, .int) { $0.i = Int64(value) }
  }

  static func integers(_ name: String, _ values: [Int]) -> ONNXAttributeProto {
    attribute(name, .ints) { $0.ints = values.map { Int64($0) } }
  }

  static func number(_ name: String, _ value: Float) -> ONNXAttributeProto {
    attribute(name, .float) { $0.f = value }
  }

  static func reals(_ name: String, _ values: [Float]) -> ONNXAttributeProto {
    attribute(name, .floats) { $0.floats = values }
  }

  static func text(_ name: String, _ value: String) -> ONNXAttributeProto {
    attribute(name, .string) { $0.s = Data(value.utf8) }
  }

  private static func attribute(
    _ name: String, _ kind: ONNXAttributeProto.AttributeType, _ set: (inout ONNXAttributeProto) -> Void
  ) -> ONNXAttributeProto {
    var attribute = ONNXAttributeProto()
    attribute.name = name
    attribute.type = kind
    set(&attribute)
    return attribute
  }

  static func floats(_ name: String, _ dims: [Int], _ values: [Float]) -> ONNXTensorProto {
    var tensor = ONNXTensorProto()
    tensor.name = name
    tensor.dims = dims.map { Int64($0) }
    tensor.dataType = 1
    tensor.floatData = values
    return tensor
  }

  /// A list of integers.
  static func list(_ name: String, _ values: [Int]) -> ONNXTensorProto {
    var tensor = ONNXTensorProto()
    tensor.name = name
    tensor.dims = [Int64(values.count)]
    tensor.dataType = 7
    tensor.int64Data = values.map { Int64($0) }
    return tensor
  }

  static func scalar(_ name: String, _ value: Float) -> ONNXTensorProto { floats(name, [], [value]) }

  /// The input `x` of some extents for one image; the number of images is open.
  static func input(_ extents: [Int], images: Int? = nil) -> ONNXValueInfoProto {
    var shape = ONNXTensorShapeProto()
    var first = ONNXTensorShapeProto.Dimension()
    if let images { first.dimValue = Int64(images) } else { first.dimParam = "N" }
    shape.dim = [first] + extents.map { extent in .with { $0.dimValue = Int64(extent) } }
    return .with {
      $0.name = "x"
      $0.type.tensorType.elemType = 1
      $0.type.tensorType.shape = shape
    }
  }

  /// A model of one input `x` and one output `y`.
  static func model(
    opset: Int, input: ONNXValueInfoProto, _ nodes: [ONNXNodeProto], _ constants: [ONNXTensorProto] = []
  ) -> ONNXModelProto {
    .with {
      $0.irVersion = 8
      $0.opsetImport = [.with { $0.version = Int64(opset) }]
      $0.graph.input = [input]
      $0.graph.node = nodes
      $0.graph.initializer = constants
      $0.graph.output = [.with { $0.name = "y" }]
    }
  }

  /// Imports a model.
  static func imported(_ model: ONNXModelProto) throws -> Model {
    try ONNXFile(model, path: "x.onnx").model()
  }

  /// Deterministic values around 0.
  static func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in 4 * random.uniform() - 2 }
  }
}

/// Values of one or more images in the file's order, `[N, C, H, W]`.
struct Planar {
  let images: Int
  let channels: Int
  let height: Int
  let width: Int
  var values: [Float]

  init(_ images: Int, _ channels: Int, _ height: Int, _ width: Int, _ values: [Float]) {
    (self.images, self.channels, self.height, self.width) = (images, channels, height, width)
    self.values = values
  }

  /// The value at a place, 0 outside the image.
  subscript(_ n: Int, _ c: Int, _ h: Int, _ w: Int) -> Float {
    (0..<height).contains(h) && (0..<width).contains(w)
      ? values[((n * channels + c) * height + h) * width + w] : 0
  }

  /// Makes values from their places.
  init(_ images: Int, _ channels: Int, _ height: Int, _ width: Int, _ value: (Int, Int, Int, Int) -> Float) {
    var values: [Float] = []
    for n in 0..<images {
      for c in 0..<channels {
        for h in 0..<height { for w in 0..<width { values.append(value(n, c, h, w)) } }
      }
    }
    self.init(images, channels, height, width, values)
  }

  /// The same images in our order, `[N, H, W, C]`.
  var tensor: Tensor {
    var result = Tensor(zeros: [images, height, width, channels])
    for n in 0..<images {
      for h in 0..<height {
        for w in 0..<width {
          for c in 0..<channels { result[((n * height + h) * width + w) * channels + c] = self[n, c, h, w] }
        }
      }
    }
    return result
  }
}
