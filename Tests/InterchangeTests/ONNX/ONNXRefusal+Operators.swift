import Interchange
import SwiftProtobuf

private typealias S = ONNXSample

/// Layers that are not imported, and graphs that have more than is taken.
extension Refusal {
  static let products: [Refusal] = [
    of(
      "a window over three dimensions",
      unsupported("node 'y' (MaxPool): a window over 3 dimensions; 2 are taken"),
      [S.node("MaxPool", ["x"], ["y"], [S.integers("kernel_shape", [1, 1, 1])])], []),
    of(
      "a padding rule of another format",
      ": node 'y' (MaxPool): auto_pad is 'SAME', which the format does not have",
      [S.node("MaxPool", ["x"], ["y"], [S.integers("kernel_shape", [2, 2]), S.text("auto_pad", "SAME")])], []),
    of(
      "pads below 0",
      unsupported("node 'y' (MaxPool): pads [-1, 0, 0, 0], which cut the image or are beyond 1048576"),
      [
        S.node(
          "MaxPool", ["x"], ["y"], [S.integers("kernel_shape", [2, 2]), S.integers("pads", [-1, 0, 0, 0])])
      ], []),
    of(
      "places of maxima", unsupported("node 'y' (MaxPool): the positions of the maxima as a second result"),
      [S.node("MaxPool", ["x"], ["y", "places"], [S.integers("kernel_shape", [2, 2])])], []),
    of(
      "a pool without a size", ": node 'y' (MaxPool): attribute 'kernel_shape' is not given",
      [S.node("MaxPool", ["x"], ["y"], [])], []),
    of(
      "one stride for two sides", ": node 'y' (MaxPool): attribute 'strides' is [1], but needs 2 entries",
      [S.node("MaxPool", ["x"], ["y"], [S.integers("kernel_shape", [2, 2]), S.integers("strides", [1])])], []),
    of(
      "a pool with holes", unsupported("node 'y' (MaxPool): a pool with dilations [2, 2]"),
      [
        S.node(
          "MaxPool", ["x"], ["y"], [S.integers("kernel_shape", [2, 2]), S.integers("dilations", [2, 2])])
      ], []),
    of(
      "a mean over channels",
      unsupported(
        "node 'y' (ReduceMean): a mean over axes [1] of [N, 2, 4, 4]; only height and width are averaged"),
      [S.node("ReduceMean", ["x"], ["y"], [S.integers("axes", [1])])], []),
    of(
      "a convolution over one dimension",
      unsupported("node 'y' (Conv): weights of extents [1, 2, 1]; only 2-d convolutions are imported"),
      [S.node("Conv", ["x", "w"], ["y"], [])], [S.floats("w", [1, 2, 1], [1, 1])]),
    of(
      "a kernel that the weights do not have",
      ": node 'y' (Conv): kernel_shape is [3, 3], but the weights are [1, 2, 1, 1]",
      [S.node("Conv", ["x", "w"], ["y"], [S.integers("kernel_shape", [3, 3])])],
      [S.floats("w", [1, 2, 1, 1], [1, 1])]),
    of(
      "a bias of other filters", ": node 'y' (Conv): the bias is of extents [2], but 1 values are needed",
      [S.node("Conv", ["x", "w", "b"], ["y"], [])],
      [S.floats("w", [1, 2, 1, 1], [1, 1]), S.floats("b", [2], [1, 1])]),
    of(
      "a convolution of vectors",
      unsupported("node 'y' (Conv): a tensor of 2 axes where an image [N, C, H, W] is taken"), input: [3],
      [S.node("Conv", ["x", "w"], ["y"], [])], [S.floats("w", [1, 2, 1, 1], [1, 1])]),
    of(
      "a transposed batch", unsupported("node 'y' (Gemm): Gemm with transA"), input: [3],
      [S.node("Gemm", ["x", "m"], ["y"], [S.integer("transA", 1)])], [S.floats("m", [3, 1], [1, 1, 1])]),
    of(
      "a stack of matrices", unsupported("node 'y' (MatMul): a product with a constant of extents [1, 3, 1]"),
      input: [3],
      [S.node("MatMul", ["x", "m"], ["y"], [])], [S.floats("m", [1, 3, 1], [1, 1, 1])]),
    of(
      "a matrix for other features", ": node 'y' (MatMul): the matrix takes 2 features, but there are 3",
      input: [3],
      [S.node("MatMul", ["x", "m"], ["y"], [])], [S.floats("m", [2, 1], [1, 1])]),
    of(
      "a sum with other features", ": node 'y' (Gemm): C is of extents [2], but 1 values are needed",
      input: [3],
      [S.node("Gemm", ["x", "m", "c"], ["y"], [])],
      [S.floats("m", [3, 1], [1, 1, 1]), S.floats("c", [2], [1, 1])]),
    of(
      "a product with an image",
      unsupported(
        "node 'y' (Gemm): a tensor of 4 axes where [N, features] is taken. Put a Flatten before it"),
      [S.node("Gemm", ["x", "m"], ["y"], [])], [S.floats("m", [3, 1], [1, 1, 1])]),
    of(
      "a normalisation in training",
      unsupported("node 'y' (BatchNormalization): training_mode 1. Export the model in evaluation mode"),
      opset: 14,
      [S.node("BatchNormalization", ["x", "s", "s", "s", "s"], ["y"], [S.integer("training_mode", 1)])],
      [S.floats("s", [2], [1, 1])]),
    of(
      "dropout in training",
      unsupported("node 'y' (Dropout): training_mode 1. Export the model in evaluation mode"),
      [S.node("Dropout", ["x", "rate", "on"], ["y"])],
      [
        S.scalar("rate", 0.5),
        .with {
          $0.name = "on"; $0.dataType = 9; $0.int32Data = [1]
        },
      ]),
    of(
      "a normalisation of one number", ": node 'y' (BatchNormalization): it needs at least 2 axes",
      input: [1],
      [
        S.node("Squeeze", ["x"], ["q"], [S.integers("axes", [1])]),
        S.node("BatchNormalization", ["q", "s", "s", "s", "s"], ["y"], []),
      ], [S.floats("s", [1], [1])]),
    of(
      "a division by 0", ": node 'y' (Div): it divides by 0",
      [S.node("Div", ["x", "s"], ["y"], [])], [S.scalar("s", 0)]),
    of(
      "a constant over the image",
      unsupported("node 'y' (Div): a constant divided by values computed from the images"),
      [S.node("Div", ["s", "x"], ["y"], [])], [S.scalar("s", 1)]),
    of(
      "a constant of more axes",
      unsupported("node 'y' (Mul): a constant of extents [1, 1, 1, 1, 1] with a tensor of 4 axes"),
      [S.node("Mul", ["x", "s"], ["y"], [])], [S.floats("s", [1, 1, 1, 1, 1], [2])]),
    of(
      "a constant for each row",
      unsupported(
        "node 'y' (Mul): a constant of extents [2, 4, 1]; one number, or one for each channel, is taken"),
      [S.node("Mul", ["x", "s"], ["y"], [])], [S.floats("s", [2, 4, 1], [1, 1, 1, 1, 1, 1, 1, 1])]),
    of(
      "a shift of a long vector",
      unsupported("node 'y' (Add): arithmetic with constants on a vector of 2000 > 1024 features"),
      input: [2000],
      [S.node("Add", ["x", "s"], ["y"], [])], [S.scalar("s", 1)]),
    of(
      "two bounds where one is", ": node 'y' (Clip): a bound of extents [2] is no number",
      [S.node("Clip", ["x", "s"], ["y"], [])], [S.floats("s", [2], [0, 1])]),
    of(
      "a bound from the image", unsupported("node 'y' (Clip): an input 'x' that is computed from the images"),
      [S.node("Clip", ["x", "x"], ["y"], [])], []),
    of(
      "a maximum with two numbers",
      unsupported("node 'y' (Max): a bound of extents [2]; one number is taken"),
      [S.node("Max", ["x", "s"], ["y"], [])], [S.floats("s", [2], [0, 1])]),
    of(
      "a maximum of three", unsupported("node 'y' (Max): Max of 3 values"),
      [S.node("Max", ["x", "s", "s"], ["y"], [])], [S.scalar("s", 0)]),
    of(
      "a Softmax of every other row",
      unsupported("node 'y' (Softmax): a Softmax right behind a strided Slice"), opset: 11,
      [S.node("Slice", ["x", "s", "e", "a", "a"], ["t"]), S.node("Softmax", ["t"], ["y"], [])],
      [S.list("s", [0]), S.list("e", [4]), S.list("a", [2])]),
    of(
      "an image of integers",
      unsupported("node 'y' (Cast): a cast of values computed from the images to element type 7"),
      [S.node("Cast", ["x"], ["y"], [S.integer("to", 7)])], []),
    of(
      "a sum of one", ": node 'y' (Add): it needs two inputs",
      [S.node("Add", ["x"], ["y"], [])], []),
    of(
      "a difference of images", unsupported("node 'y' (Sub): Sub of two values computed from the images"),
      [S.node("Sub", ["x", "x"], ["y"], [])], []),
    of(
      "a sum of two sizes", unsupported("node 'y' (Add): a sum of extents [N, 2, 4, 4] and [N, 2, 1, 1]"),
      [S.node("GlobalAveragePool", ["x"], ["p"]), S.node("Add", ["x", "p"], ["y"], [])], []),
    of(
      "a product of two sizes",
      unsupported(
        "node 'y' (Mul): a product of extents [N, 2, 4, 4] and [N, 2, 3, 3]; one factor for each channel is taken"
      ),
      [
        S.node("MaxPool", ["x"], ["p"], [S.integers("kernel_shape", [2, 2])]),
        S.node("Mul", ["x", "p"], ["y"], []),
      ], []),
  ]

  static let graphs: [Refusal] = [
    of(
      "a constant of nine axes", ": node 'y' (Mul): tensor 's': it has 9 axes, but at most 8 are read",
      [S.node("Mul", ["x", "s"], ["y"], [])], [S.floats("s", [1, 1, 1, 1, 1, 1, 1, 1, 1], [2])]),
    of("sparse constants", unsupported("sparse constants"), relu) { $0.graph.sparseInitializer = [.init()] },
    of("an input that is a list", unsupported("input 'x', which is no dense tensor"), relu) {
      $0.graph.input[0].type = .init()
    },
    of("an input of integers", unsupported("input 'x' of element type 7 (export with float)"), relu) {
      $0.graph.input[0].type.tensorType.elemType = 7
    },
    of(
      "a layer on constants", unsupported("node 'y' (Relu): Relu of constants only"),
      [S.node("Relu", ["s"], ["y"], [])], [S.scalar("s", 1)]),
    of(
      "weights for an image",
      unsupported("node 'y' (Conv): a constant where something computed from the images is taken (input 0)"),
      [S.node("Conv", ["w", "x"], ["y"], [])], [S.floats("w", [1, 2, 1, 1], [1, 1])]),
    of(
      "a constant of text",
      unsupported("node 'y' (Constant): a Constant without a dense tensor or numbers (node 'y')"),
      [S.node("Constant", [], ["y"], [S.text("value_string", "a")])], []),
    of(
      "more layers than any network has", ": node 'y' (Relu): it has more than 16384 layers",
      (0..<16_384).map { S.node("Relu", [$0 == 0 ? "x" : "r\($0)"], [$0 == 16_383 ? "y" : "r\($0 + 1)"]) }),
  ]
}
