import Foundation
import Interchange
import Layers
import SwiftProtobuf
import Tensors
import TestSupport
import Testing

private typealias S = ONNXSample

/// A model that must be refused, and the whole message.
struct Refusal: Sendable, CustomStringConvertible {
  let name: String
  let model: ONNXModelProto
  let message: String
  var description: String { name }

  static func of(
    _ name: String, _ message: String, opset: Int = 13, input: [Int] = [2, 4, 4], _ nodes: [ONNXNodeProto],
    _ constants: [ONNXTensorProto] = [], change: (inout ONNXModelProto) -> Void = { _ in }
  ) -> Refusal {
    var model = S.model(opset: opset, input: S.input(input), nodes, constants)
    change(&model)
    return Refusal(name: name, model: model, message: "x.onnx" + message)
  }

  static func unsupported(_ what: String) -> String {
    " uses what cannot be imported: \(what). Export it without, or build the network in Lua."
  }

  static let relu = [S.node("Relu", ["x"], ["y"])]

  static let all = structures + constants + operators + foldings + layouts + products + graphs

  private static let structures = [
    of(
      "every unknown operator is listed",
      unsupported("Elu (nodes 'a', 'c'); NonMaxSuppression (node 'b'); com.microsoft.Relu (node 'y')"),
      [
        S.node("Elu", ["x"], ["a"]), S.node("NonMaxSuppression", ["a"], ["b"]), S.node("Elu", ["b"], ["c"]),
        .with {
          $0 = S.node("Relu", ["c"], ["y"]); $0.domain = "com.microsoft"
        },
      ]),
    of(
      "operators that are known on constants alone are listed too",
      unsupported("Elu (node 'a'); Gather (nodes 'b', 'y')"),
      [
        S.node("Elu", ["x"], ["a"]), S.node("Gather", ["a", "i"], ["b"]),
        S.node("Gather", ["b", "i"], ["y"]),
      ], [S.list("i", [0])]),
    of(
      "a node that reads itself",
      ": node 'y' (Add): it reads 'y', which no earlier node makes. The graph has a cycle or is not in order.",
      [S.node("Add", ["x", "y"], ["y"])]),
    of(
      "a cycle",
      ": node 'a' (Add): it reads 'b', which no earlier node makes. The graph has a cycle or is not in order.",
      [S.node("Add", ["x", "b"], ["a"]), S.node("Relu", ["a"], ["b"]), S.node("Relu", ["b"], ["y"])]),
    of("a value made twice", ": value 'y' is made twice", relu + relu),
    of("a value that is the input", ": value 'x' is made twice", relu + [S.node("Relu", ["y"], ["x"])]),
    of(
      "a constant without a name", ": two constants, or one without a name, are called ''", relu,
      [S.floats("", [1], [0])]),
    of(
      "an output that nothing makes", ": output 'y' does not depend on the input",
      [S.node("Relu", ["x"], ["z"])]),
    of(
      "an output that is a constant", ": output 'y' does not depend on the input",
      [S.node("Constant", [], ["y"], [S.number("value_float", 1)])]),
    of("no output", ": it has no output ''. It takes none.", relu) { $0.graph.output = [] },
    of("no graph", ": it has no graph. It is no ONNX model, or a damaged one.", relu) { $0.clearGraph() },
    of("an old opset", unsupported("opset 9 (export with one in 11 ... 20)"), opset: 9, relu),
    of("no opset", unsupported("opset (none) (export with one in 11 ... 20)"), relu) { $0.opsetImport = [] },
    of("two inputs", unsupported("2 inputs (x, z) where 1 is taken"), relu) {
      $0.graph.input.append(.with { $0.name = "z" })
    },
    of(
      "an input of 3 axes", unsupported("input 'x' of 3 axes ([N, features] and [N, C, H, W] are taken)"),
      input: [3, 4], relu),
    of(
      "an input without extents",
      unsupported(
        "input 'x' whose extents are not fixed numbers of at least 1. Only the first, the number of images, may be open"
      ),
      input: [0, 4, 4], relu),
    of(
      "an input beyond the memory",
      ": a value of extents 1048576x1048576x1048576 for one image is empty or has more than the 268435456 values we take",
      input: [1 << 20, 1 << 20, 1 << 20], relu),
  ]

  private static let constants = [
    of(
      "external data",
      ": node 'y' (Mul): tensor 's': its values are in another file (external data), which is not read. "
        + "Save the model as one file.", [S.node("Mul", ["x", "s"], ["y"])],
      [
        .with {
          $0 = S.scalar("s", 1); $0.dataLocation = .external
        }
      ]),
    of(
      "NaN", ": node 'y' (Mul): tensor 's': it holds nan at index 1. Only finite weights can be used.",
      [S.node("Mul", ["x", "s"], ["y"])], [S.floats("s", [2, 1, 1], [1, .nan])]),
    of(
      "fewer values than extents",
      ": node 'y' (Mul): tensor 's': extents [2, 1, 1] of float32 need 2 values, but 1 are there",
      [S.node("Mul", ["x", "s"], ["y"])], [S.floats("s", [2, 1, 1], [1])]),
    of(
      "fewer bytes than extents",
      ": node 'y' (Mul): tensor 's': extents [2] of float16 need 4 bytes, but 3 are there",
      [S.node("Mul", ["x", "s"], ["y"])],
      [
        .with {
          $0.name = "s"; $0.dims = [2]; $0.dataType = 10; $0.rawData = Data([1, 2, 3])
        }
      ]),
    of(
      "extents that overflow",
      ": node 'y' (Mul): tensor 's': extents [4294967296, 4294967296, 4294967296] are negative or too large",
      [S.node("Mul", ["x", "s"], ["y"])], [S.floats("s", [1 << 32, 1 << 32, 1 << 32], [])]),
    of(
      "extents that only seem empty",
      ": node 'y' (Mul): tensor 's': extents [0, \(Int.max), \(Int.max)] are negative or too large",
      [S.node("Mul", ["x", "s"], ["y"])], [S.floats("s", [0, .max, .max], [])]),
    of(
      "no values under extents that loops would go over",
      ": node 'c' (Mul): tensor 'a': extents [1099511627776, 0] are negative or too large",
      [S.node("Mul", ["a", "b"], ["c"]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.floats("a", [1 << 40, 0], []), S.scalar("b", 1)]),
    of(
      "no values under extents that two constants make",
      ": node 'c' (Mul): a computed constant of extents [4096, 4096, 0] has more than 4096 values. "
        + "Export the model with its constants folded.",
      [S.node("Mul", ["a", "b"], ["c"]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.floats("a", [4096, 1, 0], []), S.floats("b", [1, 4096, 0], [])]),
    of(
      "NaN in an attribute",
      ": node 's' (Constant): tensor 's': it holds nan at index 1. Only finite weights can be used.",
      [
        S.node("Constant", [], ["s"], [S.reals("value_floats", [1, .nan])]),
        S.node("Mul", ["x", "s"], ["y"]),
      ]),
    of(
      "infinity as a number",
      ": node 's' (Constant): tensor 's': it holds inf at index 0. Only finite weights can be used.",
      [
        S.node("Constant", [], ["s"], [S.number("value_float", .infinity)]),
        S.node("Mul", ["x", "s"], ["y"]),
      ]),
    of(
      "a type we do not read",
      ": node 'y' (Mul): tensor 's': element type 8 is not read. "
        + "Export with float, float16, bfloat16, double, int32 or int64.",
      [S.node("Mul", ["x", "s"], ["y"])],
      [
        .with {
          $0 = S.scalar("s", 1); $0.dataType = 8
        }
      ]),
    of(
      "a constant that grows without end",
      ": node 'c' (ConstantOfShape): a computed constant of extents [4096, 4096] has more than 4096 values. "
        + "Export the model with its constants folded.",
      [S.node("ConstantOfShape", ["n"], ["c"]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("n", [4096, 4096])]),
  ]

  private static let operators = [
    of(
      "an attribute of another kind",
      ": node 'y' (Conv): attribute 'strides' is of kind int, but ints is needed",
      [S.node("Conv", ["x", "w"], ["y"], [S.integer("strides", 2)])], [S.floats("w", [1, 2, 1, 1], [1, 1])]),
    of(
      "a stride beyond all bounds",
      ": node 'y' (Conv): kernel [1, 1], strides [\(Int.max), 1] and dilations [1, 1] must be in 1 ... 1048576",
      [S.node("Conv", ["x", "w"], ["y"], [S.integers("strides", [.max, 1])])],
      [S.floats("w", [1, 2, 1, 1], [1, 1])]),
    of(
      "groups of 0",
      ": node 'y' (Conv): conv2d: groups is 0, but must be an integer of at least 1",
      [S.node("Conv", ["x", "w"], ["y"], [S.integer("group", 0)])], [S.floats("w", [1, 2, 1, 1], [1, 1])]),
    of(
      "weights of other channels", ": node 'y' (Conv): the weight is 1x1x1x3, but 1x1x1x2 is needed",
      [S.node("Conv", ["x", "w"], ["y"])], [S.floats("w", [1, 3, 1, 1], [1, 1, 1])]),
    of(
      "a kernel larger than the image",
      ": node 'y' (MaxPool): a kernel that reaches over 5x1 values does not fit the padded input 4x4. "
        + "Pad more or take a smaller kernel.",
      [S.node("MaxPool", ["x"], ["y"], [S.integers("kernel_shape", [5, 1])])]),
    of(
      "doubling without end",
      ": node 'y' (Concat): a value of extents 4x4x33554432 for one image is empty or has more than the 268435456 values we take",
      (0..<24).map {
        S.node(
          "Concat", [$0 == 0 ? "x" : "c\($0)", $0 == 0 ? "x" : "c\($0)"], [$0 == 23 ? "y" : "c\($0 + 1)"],
          [S.integer("axis", 1)])
      }
    ),
    of(
      "a Reshape across images",
      unsupported(
        "node 'y' (Reshape): a Reshape of 32 values for each image to extents [-1, 64], which mixes images"
      ),
      [S.node("Reshape", ["x", "s"], ["y"])], [S.list("s", [-1, 64])]),
    of(
      "a flattened image as the result",
      unsupported(
        "output 'y', a flattened image: its values would be in the order H, W, C instead of C, H, W"),
      [S.node("Flatten", ["x"], ["y"])]),
    of(
      "a Transpose that no layer does",
      unsupported(
        "node 'y' (Conv): a Reshape or Transpose before it that no layer can do "
          + "(axes [[-1], [1], [0], [2]] over memory [4, 4, 2])"),
      [
        S.node("Transpose", ["x"], ["t"], [S.integers("perm", [0, 3, 2, 1])]),
        S.node("Conv", ["t", "w"], ["y"]),
      ],
      [S.floats("w", [1, 4, 1, 1], [1, 1, 1, 1])]),
    of(
      "an index outside", ": node 'g' (Gather): index 9 is outside an axis of extent 4",
      [
        S.node("Shape", ["x"], ["s"]), S.node("Gather", ["s", "i"], ["g"]),
        S.node("Reshape", ["x", "g"], ["y"]),
      ], [S.list("i", [9])]),
    of(
      "arithmetic that overflows",
      ": node 'm' (Mul): the constants \(Int.max) and 2 cannot be combined: overflow, or division by 0",
      [S.node("Mul", ["a", "b"], ["m"]), S.node("Reshape", ["x", "m"], ["y"])],
      [S.list("a", [.max]), S.list("b", [2])]),
    of(
      "the least integer over -1",
      ": node 'm' (Div): the constants \(Int.min) and -1 cannot be combined: overflow, or division by 0",
      [S.node("Div", ["a", "b"], ["m"]), S.node("Reshape", ["x", "m"], ["y"])],
      [S.list("a", [.min]), S.list("b", [-1])]),
    of(
      "a variance that is not positive",
      ": node 'y' (BatchNormalization): a variance of -1.0 with epsilon 1e-05 is not positive",
      [S.node("BatchNormalization", ["x", "s", "s", "s", "v"], ["y"])],
      [S.floats("s", [2], [1, 1]), S.floats("v", [2], [1, -1])]),
    of(
      "bounds in the wrong order",
      ": node 'y' (Clip): the low bound 1.0 must be below the high bound -1.0. Swap them.",
      [S.node("Clip", ["x", "a", "b"], ["y"])], [S.scalar("a", 1), S.scalar("b", -1)]),
    of("a missing input", ": node 'y' (Conv): input 1 is not given", [S.node("Conv", ["x", ""], ["y"])]),
  ]
}

/// Files that contradict themselves or ask for what we do not have end in an error that says so.
@Suite struct ONNXRefusalTests {
  @Test(arguments: Refusal.all)
  func modelsAreRefusedWithTheFacts(_ refusal: Refusal) {
    do {
      _ = try ONNXFile(refusal.model, path: "x.onnx").model()
      Issue.record("it was imported")
    } catch {
      #expect(error.description == refusal.message)
      #expect(error.exitCode == 65)
    }
  }

  private func error(_ bytes: [UInt8]) -> String? {
    bytes.withUnsafeBytes { buffer in
      do {
        _ = try ONNXFile(bytes: buffer, path: "x.onnx")
        return nil
      } catch {
        return "\(error)"
      }
    }
  }

  static let damages: [[UInt8]] = [
    // A graph of 2 GiB in 7 bytes, a varint without end, a cut one, nested groups, a wire type that does not exist.
    [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0], [UInt8](repeating: 0xFF, count: 40), [0x3A, 0x80],
    [UInt8](repeating: 0x0B, count: 10_000), [0x07],
    // A name that is not UTF-8.
    [0x12, 0x02, 0xC3, 0x28],
  ]

  @Test(arguments: damages)
  func bytesThatAreNoMessageAreRefused(_ bytes: [UInt8]) throws {
    let message = try #require(error(bytes))

    let reasons = ["malformedProtobuf", "messageDepthLimit", "invalidUTF8"]
    let messages = reasons.map {
      "x.onnx: it is no ONNX model, or a damaged one (\($0)). Export or fetch it again."
    }
    #expect(messages.contains(message), "\(message)")
  }

  /// An empty message takes 2 bytes in the file: more than 2^20 of them are counted before any is made.
  @Test func floodsOfEmptyMessagesAreRefused() {
    let nodes = [UInt8](repeating: 0, count: 0) + (0..<(1 << 20) + 1).flatMap { _ in [0x0A, 0] as [UInt8] }
    var length = nodes.count
    var bytes: [UInt8] = [0x3A]
    while length > 127 {
      bytes.append(UInt8(length & 127) | 128)
      length >>= 7
    }
    bytes.append(UInt8(length))

    #expect(
      error(bytes + nodes)
        == "x.onnx: it has more than 1048576 messages, which no network of this workbench has")
  }

  /// One constant laid out for ever more layers is bounded by the size of the file.
  @Test func sharedConstantsDoNotFillTheMemory() {
    let nodes = (0..<40).map {
      ONNXSample.node("MatMul", [$0 == 0 ? "x" : "v\($0)", "m"], [$0 == 39 ? "y" : "v\($0 + 1)"])
    }
    let model = ONNXSample.model(
      opset: 13, input: ONNXSample.input([512]), nodes,
      [ONNXSample.floats("m", [512, 512], [Float](repeating: 0, count: 512 * 512))])

    let error = #expect(throws: InterchangeError.self) { try ONNXFile(model, path: "x.onnx").model() }

    #expect(
      error?.description
        == "x.onnx: node 'v16' (MatMul): the constants grow far beyond the size of the file. "
        + "It is damaged or made to fill the memory.")
  }

  @Test func missingFilesAreNamed() {
    #expect(
      throws: InterchangeError.unreadable(
        path: "/none.onnx", reason: "No such file or directory", remedy: "Check the path.")
    ) { try ONNXFile(path: "/none.onnx") }
  }
}
