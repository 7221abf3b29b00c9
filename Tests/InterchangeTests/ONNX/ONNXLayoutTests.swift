import Foundation
import Interchange
import Layers
import SwiftProtobuf
import Tensors
import Testing

/// Operators that only rename axes, and constants that only compute shapes.
@Suite struct ONNXLayoutTests {
  private typealias S = ONNXSample

  /// A network as NHWC exporters write it: Transposes around every convolution.
  static let channelsLast: [ONNXNodeProto] = [
    S.node("Transpose", ["x"], ["a"], [S.integers("perm", [0, 3, 1, 2])]), S.node("Conv", ["a", "w"], ["b"]),
    S.node("Transpose", ["b"], ["c"], [S.integers("perm", [0, 2, 3, 1])]), S.node("Relu", ["c"], ["d"]),
    S.node("Mul", ["d", "s"], ["e"]), S.node("Reshape", ["e", "flat"], ["f"]),
    S.node("MatMul", ["f", "m"], ["y"]),
  ]

  /// A Flatten as PyTorch writes it for an open number of images.
  static let computedShape: [ONNXNodeProto] = [
    S.node("Shape", ["x"], ["a"]), S.node("Constant", [], ["zero"], [S.integer("value_int", 0)]),
    S.node("Gather", ["a", "zero"], ["b"], [S.integer("axis", 0)]),
    S.node("Unsqueeze", ["b", "axes"], ["c"]),
    S.node("Constant", [], ["rest"], [S.integers("value_ints", [-1])]),
    S.node("Concat", ["c", "rest"], ["d"], [S.integer("axis", 0)]),
    S.node("Cast", ["d"], ["e"], [S.integer("to", 7)]),
    S.node("Reshape", ["x", "e"], ["f"]), S.node("Gemm", ["f", "m"], ["g"]),
    S.node("Unsqueeze", ["g", "axes"], ["h"]), S.node("Squeeze", ["h", "axes"], ["y"]),
  ]

  static let allNodes = channelsLast + computedShape

  @Test func transposesOfChannelsLastExportersCancel() throws {
    let (weight, matrix) = (S.noise(6, seed: 2), S.noise(36, seed: 3))
    let model = try S.imported(
      S.model(
        opset: 13, input: S.input([2, 3, 2]), Self.channelsLast,
        [
          S.floats("w", [3, 2, 1, 1], weight), S.floats("s", [3], [1, 2, 3]), S.list("flat", [-1, 18]),
          S.floats("m", [18, 2], matrix),
        ]))
    let x = Tensor([1, 2, 3, 2], S.noise(12))

    let y = try model.forward(x, execution: Execution()).values

    // The image is [2, 3, 2] in height, width, channels; the flattened order is that of memory.
    var features: [Float] = []
    for pixel in 0..<6 {
      for o in 0..<3 {
        let sum = x[2 * pixel] * weight[2 * o] + x[2 * pixel + 1] * weight[2 * o + 1]
        features.append(max(0, sum) * Float(o + 1))
      }
    }
    for o in 0..<2 {
      let expected = (0..<18).reduce(Float(0)) { $0 + features[$1] * matrix[2 * $1 + o] }
      #expect(abs(y[o] - expected) < 1e-4)
    }
    #expect(
      model.graph.nodes.dropFirst().map { $0.layer.map { type(of: $0).kind } ?? "" }
        == ["conv2d", "relu", "conv2d", "flatten", "linear"])
  }

  @Test func shapesThatAreComputedAreFolded() throws {
    let matrix = S.noise(24, seed: 4)
    let model = try S.imported(
      S.model(
        opset: 13, input: S.input([2, 3, 2]), Self.computedShape,
        [S.list("axes", [0]), S.floats("m", [12, 2], matrix)]))
    let x = Planar(2, 2, 3, 2, S.noise(24))

    let y = try model.forward(x.tensor, execution: Execution()).values

    for n in 0..<2 {
      for o in 0..<2 {
        let expected = (0..<12).reduce(Float(0)) { $0 + x.values[n * 12 + $1] * matrix[2 * $1 + o] }
        #expect(abs(y[2 * n + o] - expected) < 1e-4)
      }
    }
    #expect(model.graph.nodes.count == 3)
  }

  /// Extents of two constants that broadcast to the weight `[3, 2, 1, 2]`.
  static let broadcasts: [([Int], [Int])] = [
    ([3, 2, 1, 2], []), ([3, 2, 1, 2], [1]), ([3, 2, 1, 2], [2]), ([3, 2, 1, 2], [2, 1, 1]),
    ([3, 2, 1, 2], [3, 1, 1, 1]), ([3, 2, 1, 2], [1, 2, 1, 2]), ([3, 2, 1, 2], [3, 2, 1, 2]),
    ([3, 1, 1, 2], [2, 1, 1]), ([3, 1, 1, 1], [2, 1, 2]), ([2, 1, 2], [3, 1, 1, 1]),
  ]

  /// Factors of weights as exporters leave them that fold nothing.
  @Test(arguments: broadcasts)
  func arithmeticOfConstantsBroadcasts(_ first: [Int], _ second: [Int]) throws {
    let operations: [(name: String, apply: (Float, Float) -> Float)] = [
      ("Add", { $0 + $1 }), ("Sub", { $0 - $1 }), ("Mul", { $0 * $1 }), ("Div", { $0 / $1 }),
    ]
    let (a, b) = (S.noise(first.reduce(1, *), seed: 8), S.noise(second.reduce(1, *), seed: 9))
    /// The value of a constant for a place of the weight.
    func value(_ values: [Float], _ extents: [Int], at place: [Int]) -> Float {
      let own = [Int](repeating: 1, count: 4 - extents.count) + extents
      return values[zip(own, place).reduce(0) { $0 * $1.0 + ($1.0 == 1 ? 0 : $1.1) }]
    }
    for (name, apply) in operations {
      for isSwapped in [false, true] {
        let nodes = [
          S.node(name, isSwapped ? ["b", "a"] : ["a", "b"], ["v"]), S.node("Conv", ["x", "v"], ["y"]),
        ]
        let model = try S.imported(
          S.model(
            opset: 13, input: S.input([2, 1, 2]), nodes, [S.floats("a", first, a), S.floats("b", second, b)]))
        let found = try #require(model.parameters["y.weight"])
        for (o, i, k) in (0..<12).map({ ($0 / 4, $0 / 2 % 2, $0 % 2) }) {
          let (left, right) = (value(a, first, at: [o, i, 0, k]), value(b, second, at: [o, i, 0, k]))
          #expect(found[(o * 2 + k) * 2 + i] == (isSwapped ? apply(right, left) : apply(left, right)))
        }
      }
    }
  }

  /// Extents as exporters compute them: `[-7, 7] / 2 + [[3, -4]]` is `[[0, -1]]`, as quotients are cut towards 0.
  @Test func arithmeticOfExtentsCutsQuotientsTowardsZero() throws {
    let nodes = [
      S.node("Div", ["a", "two"], ["half"]), S.node("Add", ["half", "b"], ["wide"]),
      S.node("Squeeze", ["wide", "axes"], ["extents"]), S.node("Reshape", ["x", "extents"], ["y"]),
    ]
    var wide = S.list("b", [3, -4])
    wide.dims = [1, 2]
    let model = try S.imported(
      S.model(
        opset: 13, input: S.input([6]), nodes,
        [S.list("a", [-7, 7]), S.list("two", [2]), wide, S.list("axes", [0])]))

    #expect(try model.forward(Tensor(zeros: [5, 6]), execution: Execution()).shape == [5, 6])
  }

  /// Whatever fixed number of images a file was exported with, ours may be another.
  @Test func aFixedBatchIsOpenedAgain() throws {
    let nodes = [S.node("Reshape", ["x", "flat"], ["f"]), S.node("Gemm", ["f", "m"], ["y"])]
    let constants = [S.list("flat", [2, 12]), S.floats("m", [12, 1], S.noise(12))]
    let model = try S.imported(S.model(opset: 13, input: S.input([2, 3, 2], images: 2), nodes, constants))

    #expect(try model.forward(Tensor(zeros: [5, 3, 2, 2]), execution: Execution()).shape == [5, 1])
  }

  static let types: [(code: Int32, bytes: [UInt8])] = [
    (1, [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]), (10, [0, 0x3E, 0, 0xC0]), (16, [0xC0, 0x3F, 0, 0xC0]),
    (11, [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0]),
  ]

  /// 1.5 and -2 in every floating-point type, as raw bytes and in the field of the type.
  @Test(arguments: types)
  func constantsOfEveryTypeAreRead(_ type: (code: Int32, bytes: [UInt8])) throws {
    var raw = ONNXTensorProto.with {
      $0.name = "s"
      $0.dims = [2, 1, 1]
      $0.dataType = type.code
    }
    var typed = raw
    raw.rawData = .init(type.bytes)
    switch type.code {
    case 1: typed.floatData = [1.5, -2]
    case 11: typed.doubleData = [1.5, -2]
    default: typed.int32Data = [0, 2].map { Int32(type.bytes[$0]) | Int32(type.bytes[$0 + 1]) << 8 }
    }
    for tensor in [raw, typed] {
      let model = try S.imported(
        S.model(opset: 13, input: S.input([2, 1, 1]), [S.node("Mul", ["x", "s"], ["y"])], [tensor]))

      let y = try model.forward(Tensor([1, 1, 1, 2], [1, 1]), execution: Execution())

      #expect(y.values == [1.5, -2])
    }
  }

  @Test func namesBecomeValidAndUnique() throws {
    var nodes = [S.node("Relu", ["x"], ["a"]), S.node("Relu", ["a"], ["b"]), S.node("Relu", ["b"], ["y"])]
    nodes[0].name = "/layer1/act:0/Relu"
    nodes[1].name = "layer1.act.0.Relu"
    nodes[2].name = "in\"put"
    let model = try S.imported(S.model(opset: 13, input: S.input([4]), nodes))

    #expect(model.graph.nodes.map(\.name) == ["input", "layer1.act.0.Relu", "layer1.act.0.Relu_2", "in_put"])
  }
}
