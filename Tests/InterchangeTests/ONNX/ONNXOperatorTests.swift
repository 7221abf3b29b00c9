import Foundation
import Interchange
import Layers
import SwiftProtobuf
import Tensors
import Testing

/// One small model: what it has, what it computes by the format's definition, which layers it becomes.
struct OperatorCase: Sendable, CustomStringConvertible {
  let name: String
  var opsets = Array(11...20)
  /// Extents of one image, `[C, H, W]` or `[features]`.
  var extents = [4, 5, 6]
  let nodes: @Sendable (Int) -> [ONNXNodeProto]
  var constants: @Sendable (Int) -> [ONNXTensorProto] = { _ in [] }
  /// Our layers in order.
  let layers: [String]
  /// The result for the images.
  let expected: @Sendable (Planar) -> Planar
  var description: String { name }
}

@Suite struct ONNXOperatorTests {
  @Test(arguments: OperatorCase.all)
  func importedOperatorsComputeTheirDefinition(_ example: OperatorCase) throws {
    let extents = example.extents
    let (c, h, w) = extents.count == 1 ? (extents[0], 1, 1) : (extents[0], extents[1], extents[2])
    let x = Planar(3, c, h, w, ONNXSample.noise(3 * c * h * w))
    let expected = example.expected(x)
    for opset in example.opsets {
      let proto = ONNXSample.model(
        opset: opset, input: ONNXSample.input(extents), example.nodes(opset), example.constants(opset))

      let model = try ONNXSample.imported(proto)
      let input = extents.count == 1 ? x.tensor.reshaped([3, c]) : x.tensor
      let y = try model.forward(input, execution: Execution())

      #expect(
        model.graph.nodes.dropFirst().map { $0.layer.map { type(of: $0).kind } ?? "" } == example.layers)
      #expect(y.count == expected.values.count, "opset \(opset)")
      for (found, wanted) in zip(y.values, expected.tensor.values) {
        #expect(abs(found - wanted) <= 1e-5 * max(1, abs(wanted)), "opset \(opset)")
      }
    }
  }

  /// Every operator of the table that images flow through is in a case here or in the laws of ``ONNXLayoutTests``.
  @Test func everyOperatorHasACase() {
    let tested = Set(
      (OperatorCase.all.flatMap { example in example.opsets.flatMap(example.nodes) }
        + ONNXLayoutTests.allNodes)
        .map(\.opType))
    #expect(ONNXFile.operators.subtracting(tested) == [])
  }
}

extension OperatorCase {
  private typealias S = ONNXSample

  static let all: [OperatorCase] = products + activations + pools + channels

  /// Every value through a function.
  private static func map(_ f: @escaping @Sendable (Float) -> Float) -> @Sendable (Planar) -> Planar {
    { x in Planar(x.images, x.channels, x.height, x.width, x.values.map(f)) }
  }

  private static let weight = S.noise(6 * 2 * 3 * 2, seed: 5)
  private static let matrix = S.noise(3 * 120, seed: 6)
  private static let square = S.noise(16, seed: 7)

  /// A convolution of 4 channels in 2 groups to 6, kernel 3x2, stride 2x1.
  private static func grouped(_ pads: (top: Int, left: Int, bottom: Int, right: Int))
    -> @Sendable (Planar) -> Planar
  {
    { x in
      Planar(
        x.images, 6, (x.height + pads.top + pads.bottom - 3) / 2 + 1, x.width + pads.left + pads.right - 1
      ) {
        n, o, i, j in
        var sum: Float = Float(o) / 2
        for c in 0..<2 {
          for a in 0..<3 {
            for b in 0..<2 {
              sum +=
                x[n, o / 3 * 2 + c, 2 * i + a - pads.top, j + b - pads.left]
                * weight[((o * 2 + c) * 3 + a) * 2 + b]
            }
          }
        }
        return sum
      }
    }
  }

  private static let convolutionConstants: @Sendable (Int) -> [ONNXTensorProto] = { _ in
    [S.floats("w", [6, 2, 3, 2], weight), S.floats("b", [6], (0..<6).map { Float($0) / 2 })]
  }

  private static let products = [
    OperatorCase(
      name: "Conv",
      nodes: { _ in
        [
          S.node(
            "Conv", ["x", "w", "b"], ["y"],
            [S.integers("pads", [1, 0, 0, 1]), S.integers("strides", [2, 1]), S.integer("group", 2)])
        ]
      }, constants: convolutionConstants, layers: ["conv2d"], expected: grouped((1, 0, 0, 1))),
    OperatorCase(
      name: "Conv, SAME_UPPER",
      nodes: { _ in
        [
          S.node(
            "Conv", ["x", "w", "b"], ["y"],
            [S.text("auto_pad", "SAME_UPPER"), S.integers("strides", [2, 1]), S.integer("group", 2)])
        ]
      }, constants: convolutionConstants, layers: ["conv2d"], expected: grouped((1, 0, 1, 1))),
    OperatorCase(
      name: "Conv, SAME_LOWER",
      nodes: { _ in
        [
          S.node(
            "Conv", ["x", "w", "b"], ["y"],
            [S.text("auto_pad", "SAME_LOWER"), S.integers("strides", [2, 1]), S.integer("group", 2)])
        ]
      }, constants: convolutionConstants, layers: ["conv2d"], expected: grouped((1, 1, 1, 0))),
    OperatorCase(
      name: "Pad joins Conv",
      nodes: { _ in
        [
          S.node("Pad", ["x", "p"], ["q"]),
          S.node(
            "Conv", ["q", "w", "b"], ["y"],
            [S.text("auto_pad", "VALID"), S.integers("strides", [2, 1]), S.integer("group", 2)]),
        ]
      }, constants: { convolutionConstants($0) + [S.list("p", [0, 0, 2, 1, 0, 0, 1, 0])] },
      layers: ["conv2d"],
      expected: grouped((2, 1, 1, 0))),
    OperatorCase(
      name: "Flatten and Gemm",
      nodes: { _ in
        [
          S.node("Flatten", ["x"], ["f"]),
          S.node(
            "Gemm", ["f", "m", "c"], ["y"],
            [S.integer("transB", 1), S.number("alpha", 0.5), S.number("beta", 2)]),
        ]
      }, constants: { _ in [S.floats("m", [3, 120], matrix), S.floats("c", [1, 3], [1, 2, 3])] },
      layers: ["flatten", "linear"],
      expected: { x in
        Planar(x.images, 3, 1, 1) { n, o, _, _ in
          (0..<120).reduce(Float(2 * o + 2)) { $0 + 0.5 * x.values[n * 120 + $1] * matrix[o * 120 + $1] }
        }
      }),
    OperatorCase(
      name: "MatMul and Add", extents: [4],
      nodes: { _ in
        [S.node("MatMul", ["x", "m"], ["p"]), S.node("Add", ["c", "p"], ["y"])]
      }, constants: { _ in [S.floats("m", [4, 4], square), S.floats("c", [4], [1, 2, 3, 4])] },
      layers: ["linear"],
      expected: { x in
        Planar(x.images, 4, 1, 1) { n, o, _, _ in
          (0..<4).reduce(Float(o + 1)) { $0 + x.values[n * 4 + $1] * square[$1 * 4 + o] }
        }
      }),
    OperatorCase(
      name: "BatchNormalization",
      nodes: { _ in
        [S.node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], [S.number("epsilon", 0.25)])]
      },
      constants: { _ in
        [
          S.floats("s", [4], [1, 2, 3, 4]), S.floats("b", [4], [0, 1, 0, -1]),
          S.floats("m", [4], [0.5, 0, 1, 2]),
          S.floats("v", [4], [0.75, 3.75, 0, 2]),
        ]
      }, layers: ["batch_norm"],
      expected: { x in
        Planar(x.images, 4, x.height, x.width) { n, c, h, w in
          let (scale, bias) = (Float(c + 1), [0, 1, 0, -1] as [Float])
          let (mean, variance) = ([0.5, 0, 1, 2] as [Float], [0.75, 3.75, 0, 2] as [Float])
          return (x[n, c, h, w] - mean[c]) / (variance[c] + 0.25).squareRoot() * scale + bias[c]
        }
      }),
    OperatorCase(
      name: "per-channel scale and shift of an image",
      nodes: { _ in
        [
          S.node("Mul", ["x", "s"], ["m"]), S.node("Sub", ["one", "m"], ["d"]),
          S.node("Div", ["d", "two"], ["y"]),
        ]
      },
      constants: { _ in
        [S.floats("s", [1, 4, 1, 1], [1, 2, 3, 4]), S.scalar("one", 1), S.scalar("two", 2)]
      }, layers: ["conv2d"],
      expected: { x in
        Planar(x.images, 4, x.height, x.width) { n, c, h, w in (1 - x[n, c, h, w] * Float(c + 1)) / 2 }
      }),
  ]

  private static let activations = [
    OperatorCase(
      name: "Relu", nodes: { _ in [S.node("Relu", ["x"], ["y"])] }, layers: ["relu"],
      expected: map { max($0, 0) }),
    OperatorCase(
      name: "Sigmoid", nodes: { _ in [S.node("Sigmoid", ["x"], ["y"])] }, layers: ["sigmoid"],
      expected: map { Float(1 / (1 + exp(-Double($0)))) }),
    OperatorCase(
      name: "HardSigmoid", nodes: { _ in [S.node("HardSigmoid", ["x"], ["y"])] }, layers: ["hard_sigmoid"],
      expected: map { min(max(0.2 * $0 + 0.5, 0), 1) }),
    OperatorCase(
      name: "HardSwish", opsets: [14, 20], nodes: { _ in [S.node("HardSwish", ["x"], ["y"])] },
      layers: ["hard_swish"],
      expected: map(hardSwish)),
    OperatorCase(
      name: "hard swish of HardSigmoid",
      nodes: { _ in
        [S.node("HardSigmoid", ["x"], ["h"], [S.number("alpha", 1 / 6)]), S.node("Mul", ["x", "h"], ["y"])]
      }, layers: ["hard_swish"], expected: map(hardSwish)),
    OperatorCase(
      name: "hard swish of a product over 6",
      nodes: { _ in
        [
          S.node("Add", ["x", "three"], ["a"]), S.node("Clip", ["a", "zero", "six"], ["c"]),
          S.node("Mul", ["x", "c"], ["m"]), S.node("Div", ["m", "six"], ["y"]),
        ]
      }, constants: { _ in [S.scalar("three", 3), S.scalar("zero", 0), S.scalar("six", 6)] },
      layers: ["hard_swish"], expected: map(hardSwish)),
    OperatorCase(
      name: "hard sigmoid of a clamp over 6",
      nodes: { _ in
        [
          S.node("Add", ["x", "three"], ["a"]), S.node("Clip", ["a", "zero", "six"], ["c"]),
          S.node("Div", ["c", "six"], ["h"]), S.node("Mul", ["h", "x"], ["y"]),
        ]
      }, constants: { _ in [S.scalar("three", 3), S.scalar("zero", 0), S.scalar("six", 6)] },
      layers: ["hard_swish"], expected: map(hardSwish)),
    OperatorCase(
      name: "Clip 0 ... 6", nodes: { _ in [S.node("Clip", ["x", "a", "b"], ["y"])] },
      constants: { _ in [S.scalar("a", 0), S.scalar("b", 6)] }, layers: ["relu6"],
      expected: map { min(max($0, 0), 6) }),
    OperatorCase(
      name: "Clip with one bound", nodes: { _ in [S.node("Clip", ["x", "", "b"], ["y"])] },
      constants: { _ in [S.scalar("b", 0.5)] }, layers: ["clip"], expected: map { min($0, 0.5) }),
    OperatorCase(
      name: "Clip from 0", nodes: { _ in [S.node("Clip", ["x", "a"], ["y"])] },
      constants: { _ in [S.scalar("a", 0)] }, layers: ["relu"], expected: map { max($0, 0) }),
    OperatorCase(
      name: "Max and Min with a number",
      nodes: { _ in [S.node("Max", ["a", "x"], ["m"]), S.node("Min", ["m", "b"], ["y"])] },
      constants: { _ in [S.scalar("a", -0.5), S.scalar("b", 0.25)] }, layers: ["clip", "clip"],
      expected: map { min(max($0, -0.5), 0.25) }),
    OperatorCase(
      name: "Softmax over channels", opsets: [13, 20],
      nodes: { _ in [S.node("Softmax", ["x"], ["y"], [S.integer("axis", 1)])] }, layers: ["softmax"],
      expected: { x in
        Planar(x.images, x.channels, x.height, x.width) { n, c, h, w in
          exp(x[n, c, h, w]) / (0..<x.channels).reduce(0) { $0 + exp(x[n, $1, h, w]) }
        }
      }),
    OperatorCase(
      name: "Softmax by default", extents: [7], nodes: { _ in [S.node("Softmax", ["x"], ["y"])] },
      layers: ["softmax"],
      expected: { x in
        Planar(x.images, 7, 1, 1) { n, c, _, _ in
          exp(x[n, c, 0, 0]) / (0..<7).reduce(0) { $0 + exp(x[n, $1, 0, 0]) }
        }
      }),
    OperatorCase(
      name: "results and inputs without a name are none",
      nodes: { _ in
        [
          S.node("Dropout", ["x"], ["a", ""]), S.node("Shape", ["a"], ["s"]),
          S.node("Slice", ["s", "first", "last", "", "step"], ["t"]),
          S.node("Gather", ["t", "places"], ["g"]),
          S.node("Reshape", ["a", "g"], ["r"]), S.node("Relu", ["r"], ["y"]),
        ]
      },
      constants: { _ in
        [S.list("first", [0]), S.list("last", [4]), S.list("step", [1]), S.list("places", [0, 1, 2, 3])]
      }, layers: ["relu"], expected: map { max($0, 0) }),
    OperatorCase(
      name: "Identity, Dropout and Cast are nothing",
      nodes: { opset in
        [
          S.node("Identity", ["x"], ["a"]),
          S.node("Dropout", opset < 12 ? ["a"] : ["a", "rate", "off"], ["b"]),
          S.node("Cast", ["b"], ["c"], [S.integer("to", 10)]), S.node("Relu", ["c"], ["y"]),
        ]
      },
      constants: { _ in
        [
          S.scalar("rate", 0.5),
          .with {
            $0.name = "off"; $0.dataType = 9; $0.int32Data = [0]
          },
        ]
      }, layers: ["relu"], expected: map { max($0, 0) }),
  ]

  @Sendable private static func hardSwish(_ x: Float) -> Float { x * min(max(x + 3, 0), 6) / 6 }

  /// The mean or the largest of the values of a 3x3 window with stride 2 that lie in rows and columns of an image.
  private static func window(
    _ x: Planar, _ rows: Int, _ columns: Int, pad: Int, counted: ClosedRange<Int>?, isMaximum: Bool
  ) -> Planar {
    Planar(x.images, x.channels, rows, columns) { n, c, i, j in
      var values: [Float] = []
      var count = 0
      for h in (2 * i - pad)..<(2 * i - pad + 3) {
        for w in (2 * j - pad)..<(2 * j - pad + 3) {
          if (0..<x.height).contains(h), (0..<x.width).contains(w) { values.append(x[n, c, h, w]) }
          if let counted, counted.contains(h),
            (counted.lowerBound...(x.width - 1 - counted.lowerBound)).contains(w)
          {
            count += 1
          }
        }
      }
      if isMaximum { return values.max() ?? .nan }
      return values.reduce(0, +) / Float(counted == nil ? values.count : count)
    }
  }

  private static func pooling(_ operation: String, _ attributes: [ONNXAttributeProto])
    -> @Sendable (Int) -> [ONNXNodeProto]
  {
    { _ in
      [
        S.node(
          operation, ["x"], ["y"],
          [S.integers("kernel_shape", [3, 3]), S.integers("strides", [2, 2])] + attributes)
      ]
    }
  }

  private static let pools = [
    OperatorCase(
      name: "MaxPool", nodes: pooling("MaxPool", [S.integers("pads", [1, 1, 1, 1])]), layers: ["max_pool"],
      expected: { window($0, 3, 3, pad: 1, counted: nil, isMaximum: true) }),
    OperatorCase(
      name: "MaxPool, ceil_mode", nodes: pooling("MaxPool", [S.integer("ceil_mode", 1)]),
      layers: ["max_pool"],
      expected: { window($0, 2, 3, pad: 0, counted: nil, isMaximum: true) }),
    OperatorCase(
      name: "AveragePool", nodes: pooling("AveragePool", [S.integers("pads", [1, 1, 1, 1])]),
      layers: ["average_pool"],
      expected: { window($0, 3, 3, pad: 1, counted: nil, isMaximum: false) }),
    OperatorCase(
      name: "AveragePool, count_include_pad",
      nodes: pooling("AveragePool", [S.integers("pads", [1, 1, 1, 1]), S.integer("count_include_pad", 1)]),
      layers: ["average_pool"], expected: { window($0, 3, 3, pad: 1, counted: -1...5, isMaximum: false) }),
    OperatorCase(
      name: "AveragePool, ceil_mode",
      nodes: pooling("AveragePool", [S.integer("ceil_mode", 1), S.integer("count_include_pad", 1)]),
      layers: ["average_pool"], expected: { window($0, 2, 3, pad: 0, counted: nil, isMaximum: false) }),
    OperatorCase(
      name: "AveragePool, ceil_mode and counted padding",
      nodes: pooling(
        "AveragePool",
        [S.integers("pads", [1, 1, 1, 1]), S.integer("ceil_mode", 1), S.integer("count_include_pad", 1)]),
      layers: ["pad", "average_pool"],
      expected: { window($0, 3, 4, pad: 1, counted: -1...5, isMaximum: false) }),
    OperatorCase(
      name: "GlobalAveragePool", nodes: { _ in [S.node("GlobalAveragePool", ["x"], ["y"])] },
      layers: ["global_average_pool", "flatten"], expected: globalMean),
    OperatorCase(
      name: "ReduceMean keeps extents",
      nodes: { opset in
        opset < 18
          ? [S.node("ReduceMean", ["x"], ["y"], [S.integers("axes", [2, 3])])]
          : [S.node("ReduceMean", ["x", "axes"], ["y"])]
      }, constants: { $0 < 18 ? [] : [S.list("axes", [-1, 2])] }, layers: ["global_average_pool", "flatten"],
      expected: globalMean),
    OperatorCase(
      name: "ReduceMean drops extents",
      nodes: { opset in
        opset < 18
          ? [S.node("ReduceMean", ["x"], ["y"], [S.integers("axes", [-2, -1]), S.integer("keepdims", 0)])]
          : [S.node("ReduceMean", ["x", "axes"], ["y"], [S.integer("keepdims", 0)])]
      }, constants: { $0 < 18 ? [] : [S.list("axes", [2, 3])] }, layers: ["global_average_pool", "flatten"],
      expected: globalMean),
  ]

  @Sendable private static func globalMean(_ x: Planar) -> Planar {
    Planar(x.images, x.channels, 1, 1) { n, c, _, _ in
      var sum: Float = 0
      for h in 0..<x.height { for w in 0..<x.width { sum += x[n, c, h, w] } }
      return sum / Float(x.height * x.width)
    }
  }

  /// Channels of the result by the channel and factor of the input they are.
  private static func picked(_ sources: [(channel: Int, factor: Float)]) -> @Sendable (Planar) -> Planar {
    { x in
      Planar(x.images, sources.count, x.height, x.width) { n, c, h, w in
        x[n, sources[c].channel, h, w] * sources[c].factor
      }
    }
  }

  private static let channels = [
    OperatorCase(
      name: "Add and Mul of two values",
      nodes: { _ in
        [S.node("Relu", ["x"], ["r"]), S.node("Add", ["x", "r"], ["s"]), S.node("Mul", ["s", "r"], ["y"])]
      }, layers: ["relu", "add", "mul"], expected: map { ($0 + max($0, 0)) * max($0, 0) }),
    OperatorCase(
      name: "squeeze and excitation",
      nodes: { _ in
        [
          S.node("GlobalAveragePool", ["x"], ["p"]), S.node("Sigmoid", ["p"], ["g"]),
          S.node("Mul", ["g", "x"], ["y"]),
        ]
      }, layers: ["global_average_pool", "sigmoid", "mul"],
      expected: { x in
        let means = globalMean(x)
        return Planar(x.images, x.channels, x.height, x.width) { n, c, h, w in
          x[n, c, h, w] / (1 + exp(-means[n, c, 0, 0]))
        }
      }),
    OperatorCase(
      name: "squeeze and excitation over vectors",
      nodes: { opset in
        [
          S.node("GlobalAveragePool", ["x"], ["p"]), S.node("Flatten", ["p"], ["f"]),
          S.node("Gemm", ["f", "m"], ["v"]),
          opset < 13
            ? S.node("Unsqueeze", ["v"], ["u"], [S.integers("axes", [2, 3])])
            : S.node("Unsqueeze", ["v", "axes"], ["u"]),
          S.node("Mul", ["x", "u"], ["y"]),
        ]
      },
      constants: { opset in [S.floats("m", [4, 4], square)] + (opset < 13 ? [] : [S.list("axes", [2, 3])]) },
      layers: ["global_average_pool", "flatten", "linear", "mul"],
      expected: { x in
        let means = globalMean(x)
        return Planar(x.images, x.channels, x.height, x.width) { n, c, h, w in
          x[n, c, h, w] * (0..<4).reduce(0) { $0 + means[n, $1, 0, 0] * square[$1 * 4 + c] }
        }
      }),
    OperatorCase(
      name: "Split and Concat",
      nodes: { opset in
        let split =
          opset < 13
          ? S.node("Split", ["x"], ["a", "b"], [S.integer("axis", 1), S.integers("split", [1, 3])])
          : S.node("Split", ["x", "sizes"], ["a", "b"], [S.integer("axis", 1)])
        return [split, S.node("Concat", ["b", "a"], ["y"], [S.integer("axis", -3)])]
      }, constants: { $0 < 13 ? [] : [S.list("sizes", [1, 3])] }, layers: ["slice", "slice", "concat"],
      expected: picked([(1, 1), (2, 1), (3, 1), (0, 1)])),
    OperatorCase(
      name: "Split in equal parts",
      nodes: { opset in
        let parts = opset < 18 ? [] : [S.integer("num_outputs", 2)]
        return [
          S.node("Split", ["x"], ["a", "b"], [S.integer("axis", 1)] + parts), S.node("Relu", ["b"], ["y"]),
        ]
      }, layers: ["slice", "relu"],
      expected: { x in
        Planar(x.images, 2, x.height, x.width) { n, c, h, w in max(x[n, c + 2, h, w], 0) }
      }),
    OperatorCase(
      name: "Slice of channels", nodes: { _ in [S.node("Slice", ["x", "s", "e", "a"], ["y"])] },
      constants: { _ in [S.list("s", [-3]), S.list("e", [Int.max]), S.list("a", [1])] }, layers: ["slice"],
      expected: picked([(1, 1), (2, 1), (3, 1)])),
    OperatorCase(
      name: "strided Slice and Pad of channels",
      nodes: { opset in
        [
          S.node("Slice", ["x", "s", "e", "two", "steps"], ["a"]),
          S.node("Slice", ["a", "s", "e", "three", "steps"], ["b"]),
          opset < 18
            ? S.node("Pad", ["b", "p", "zero"], ["y"]) : S.node("Pad", ["b", "q", "zero", "one"], ["y"]),
        ]
      },
      constants: { _ in
        [
          S.list("s", [0]), S.list("e", [Int.max]), S.list("two", [2]), S.list("three", [3]),
          S.list("steps", [2]),
          S.list("p", [0, 1, 0, 0, 0, 2, 0, 0]), S.list("q", [1, 2]), S.list("one", [1]), S.scalar("zero", 0),
        ]
      }, layers: ["average_pool", "pad"],
      expected: { x in
        Planar(x.images, 7, 3, 3) { n, c, h, w in (1..<5).contains(c) ? x[n, c - 1, 2 * h, 2 * w] : 0 }
      }),
    OperatorCase(
      name: "channel shuffle before Split",
      nodes: { _ in
        [
          S.node("Reshape", ["x", "split"], ["a"]),
          S.node("Transpose", ["a"], ["b"], [S.integers("perm", [0, 2, 1, 3, 4])]),
          S.node("Reshape", ["b", "join"], ["c"]), S.node("Slice", ["c", "0", "2", "1"], ["d"]),
          S.node("Slice", ["c", "2", "4", "1"], ["e"]), S.node("Add", ["d", "e"], ["y"]),
        ]
      },
      constants: { _ in
        [S.list("split", [-1, 2, 2, 5, 6]), S.list("join", [0, 4, 5, -1])]
          + [0, 1, 2, 4].map { S.list("\($0)", [$0]) }
      }, layers: ["channel_shuffle", "slice", "slice", "add"],
      expected: { x in
        Planar(x.images, 2, x.height, x.width) { n, c, h, w in x[n, 2 * c, h, w] + x[n, 2 * c + 1, h, w] }
      }),
    OperatorCase(
      name: "channel shuffle",
      nodes: { _ in
        [
          S.node("Reshape", ["x", "split"], ["a"]),
          S.node("Transpose", ["a"], ["b"], [S.integers("perm", [0, 2, 1, 3, 4])]),
          S.node("Reshape", ["b", "join"], ["c"]), S.node("Relu", ["c"], ["r"]),
          S.node("MaxPool", ["r"], ["y"], [S.integers("kernel_shape", [1, 1])]),
        ]
      }, constants: { _ in [S.list("split", [-1, 2, 2, 5, 6]), S.list("join", [0, 4, 5, -1])] },
      layers: ["relu", "channel_shuffle", "max_pool"],
      expected: { x in
        Planar(x.images, 4, x.height, x.width) { n, c, h, w in max(x[n, [0, 2, 1, 3][c], h, w], 0) }
      }),
  ]
}
