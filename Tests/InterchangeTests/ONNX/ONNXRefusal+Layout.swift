import Interchange
import SwiftProtobuf

private typealias S = ONNXSample

/// Constants that cannot be computed, and operators that move values as no layer does.
extension Refusal {
  static let foldings: [Refusal] = [
    of(
      "indices that are real numbers",
      ": node 'c' (Gather): the indices must be integers that do not depend on the number of images",
      [S.node("Gather", ["a", "i"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1]), S.floats("i", [1], [0])]),
    of(
      "an axis named twice", ": node 'c' (Squeeze): axes [0, 0] name one axis twice",
      [
        S.node("Squeeze", ["a"], ["c"], [S.integers("axes", [0, 0])]), S.node("Reshape", ["x", "c"], ["y"]),
      ], [S.list("a", [1])]),
    of(
      "a cast to texts", ": node 'c' (Cast): a cast to element type 8 is not done",
      [S.node("Cast", ["a"], ["c"], [S.integer("to", 8)]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1])]),
    of(
      "a real number of images", ": node 'c' (Cast): the number of images is cast to a real number",
      [
        S.node("Shape", ["x"], ["s"]), S.node("Cast", ["s"], ["c"], [S.integer("to", 1)]),
        S.node("Reshape", ["x", "c"], ["y"]),
      ], []),
    of(
      "a real number too large for an integer",
      ": node 'c' (Cast): a real number beyond 2^63 is cast to an integer",
      [S.node("Cast", ["a"], ["c"], [S.integer("to", 7)]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.floats("a", [1], [1e30])]),
    of(
      "a constant unsqueezed nowhere", ": node 'c' (Unsqueeze): Unsqueeze needs axes",
      [S.node("Unsqueeze", ["a"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])], [S.list("a", [1])]),
    of(
      "a constant squeezed where it is wide", ": node 'c' (Squeeze): axes [0] of extents [2] are not all 1",
      [S.node("Squeeze", ["a"], ["c"], [S.integers("axes", [0])]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2])]),
    of(
      "a list of real numbers",
      ": node 'c' (Concat): constants are only concatenated when they are lists of integers",
      [S.node("Concat", ["a", "a"], ["c"], [S.integer("axis", 0)]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.floats("a", [1], [1])]),
    of(
      "negative extents of a constant",
      ": node 'c' (Reshape): new extents [-2] are negative, too many, or -1 twice",
      [S.node("Reshape", ["a", "n"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1]), S.list("n", [-2])]),
    of(
      "extents of other constants", ": node 'c' (Reshape): extents [2] do not fit the new extents [3]",
      [S.node("Reshape", ["a", "n"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2]), S.list("n", [3])]),
    of(
      "an order of other axes", ": node 'c' (Transpose): the order [1] is none of 1 axes",
      [S.node("Transpose", ["a"], ["c"], [S.integers("perm", [1])]), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1])]),
    of(
      "constants of two lengths", ": node 'c' (Add): constants of extents [2] and [3] do not fit",
      [S.node("Add", ["a", "b"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2]), S.list("b", [1, 2, 3])]),
    of(
      "a constant of integers and one of real numbers",
      ": node 'c' (Add): one constant is integers and the other real numbers, but both must be of one type",
      [S.node("Add", ["a", "b"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2]), S.floats("b", [2], [1, 2])]),
    of(
      "weights divided by 0",
      ": node 'c' (Div): the constants 2.0 and 0.0 combine to inf. Only finite weights can be used.",
      [S.node("Div", ["a", "b"], ["c"], []), S.node("Mul", ["x", "c"], ["y"])],
      [S.floats("a", [2], [1, 2]), S.floats("b", [2], [1, 0])]),
    of(
      "a product of constants that grows",
      ": node 'c' (Mul): a computed constant of extents [100, 100] has more than 4096 values. "
        + "Export the model with its constants folded.",
      [S.node("Mul", ["a", "b"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [
        S.floats("a", [100, 1], [Float](repeating: 1, count: 100)),
        S.floats("b", [1, 100], [Float](repeating: 1, count: 100)),
      ]),
    of(
      "slices of two lengths",
      ": node 'c' (Slice): starts [0], ends [1, 2], axes [0] and steps [1] differ in length",
      [S.node("Slice", ["a", "s", "e"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2]), S.list("s", [0]), S.list("e", [1, 2])]),
    of(
      "an axis sliced twice", ": node 'c' (Slice): axis 0 is sliced twice",
      [S.node("Slice", ["a", "s", "s", "s"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2]), S.list("s", [0, 0])]),
    of(
      "a step of nothing", ": node 'c' (Slice): a step of 0",
      [S.node("Slice", ["a", "s", "s", "s", "s"], ["c"], []), S.node("Reshape", ["x", "c"], ["y"])],
      [S.list("a", [1, 2]), S.list("s", [0])]),
    of(
      "a constant filled with two values",
      ": node 'c' (ConstantOfShape): ConstantOfShape needs one value, but has 2",
      [
        S.node(
          "ConstantOfShape", ["n"], ["c"],
          [
            .with {
              $0.name = "value"; $0.type = .tensor; $0.t = S.list("", [1, 2])
            }
          ]), S.node("Reshape", ["x", "c"], ["y"]),
      ], [S.list("n", [2])]),
  ]

  static let layouts: [Refusal] = [
    of(
      "a shape of real numbers", ": node 'y' (Reshape): the new extents must be a list of at most 8 integers",
      [S.node("Reshape", ["x", "n"], ["y"], [])], [S.floats("n", [1], [1])]),
    of(
      "more extents than are copied", ": node 'y' (Reshape): extent 0 at 4 copies an axis that is not there",
      [S.node("Reshape", ["x", "n"], ["y"], [])], [S.list("n", [0, 0, 0, 0, 0])]),
    of(
      "a batch that is moved",
      unsupported("node 'y' (Reshape): a Reshape that moves the batch from the first axis"),
      [
        S.node("Transpose", ["x"], ["t"], [S.integers("perm", [1, 0, 2, 3])]),
        S.node("Reshape", ["t", "n"], ["y"], []),
      ], [S.list("n", [2, -1])]),
    of(
      "a Flatten across images", unsupported("node 'y' (Flatten): a Flatten at axis 2, which mixes images"),
      [S.node("Flatten", ["x"], ["y"], [S.integer("axis", 2)])], []),
    of(
      "an order of two of four axes", ": node 'y' (Transpose): the order [0, 1] is none of 4 axes",
      [S.node("Transpose", ["x"], ["y"], [S.integers("perm", [0, 1])])], []),
    of(
      "a wide axis squeezed", ": node 'y' (Squeeze): axes [1] of [N, 2, 4, 4] are not all of extent 1",
      [S.node("Squeeze", ["x"], ["y"], [S.integers("axes", [1])])], []),
    of(
      "an image unsqueezed nowhere", ": node 'y' (Unsqueeze): Unsqueeze needs axes, at most 8 in the result",
      [S.node("Unsqueeze", ["x"], ["y"], [])], []),
    of(
      "a Concat along nothing", ": node 'y' (Concat): attribute 'axis' is not given",
      [S.node("Concat", ["x", "x"], ["y"], [])], []),
    of(
      "a Concat of rows",
      unsupported("node 'y' (Concat): it works along axis 2, which is not that of the channels"),
      [S.node("Concat", ["x", "x"], ["y"], [S.integer("axis", 2)])], []),
    of(
      "a Concat of two sizes",
      unsupported(
        "node 'y' (Concat): a Concat of differently laid out values; only channels are put side by side"),
      [
        S.node("MaxPool", ["x"], ["p"], [S.integers("kernel_shape", [2, 2])]),
        S.node("Concat", ["x", "p"], ["y"], [S.integer("axis", 1)]),
      ], []),
    of(
      "a Split of images", unsupported("node 'y' (Split): a Split of the batch"),
      [S.node("Split", ["x"], ["y"], [])], []),
    of(
      "a Split in other sizes", ": node 'y' (Split): 1 parts of sizes [3] do not make an axis of extent 2",
      [S.node("Split", ["x"], ["y"], [S.integer("axis", 1), S.integers("split", [3])])], []),
    of(
      "a Slice of images", unsupported("node 'y' (Slice): a Slice of the batch"),
      [S.node("Slice", ["x", "s", "e", "a"], ["y"], [])],
      [S.list("s", [1]), S.list("e", [2]), S.list("a", [0])]),
    of(
      "a Slice of nothing",
      unsupported("node 'y' (Slice): a Slice that is empty or runs backwards on axis 1"),
      [S.node("Slice", ["x", "s", "s", "s"], ["y"], [])], [S.list("s", [1])]),
    of(
      "rows from the second on",
      unsupported(
        "node 'y' (Slice): a strided Slice that does not take rows or columns 0, s, 2 s, … to the end"),
      [S.node("Slice", ["x", "s", "e", "a", "a"], ["y"], [])],
      [S.list("s", [1]), S.list("e", [4]), S.list("a", [2])]),
    of(
      "every other channel", unsupported("node 'y' (Slice): a strided Slice of axis 1"),
      [S.node("Slice", ["x", "s", "e", "a", "e"], ["y"], [])],
      [S.list("s", [0]), S.list("e", [2]), S.list("a", [1])]),
    of(
      "mirrored borders", unsupported("node 'y' (Pad): Pad in mode 'reflect'; only zeros are padded"),
      [S.node("Pad", ["x", "p"], ["y"], [S.text("mode", "reflect")])], [S.list("p", [0])]),
    of(
      "borders of ones", unsupported("node 'y' (Pad): Pad with another value than 0"),
      [S.node("Pad", ["x", "p", "v"], ["y"], [])], [S.list("p", [0]), S.scalar("v", 1)]),
    of(
      "two pads for four axes", ": node 'y' (Pad): 2 pads do not fit 4 axes",
      [S.node("Pad", ["x", "p"], ["y"], [])], [S.list("p", [1, 1])]),
    of(
      "a padded vector", unsupported("node 'y' (Pad): Pad of something that is no image"), input: [3],
      [S.node("Pad", ["x", "p"], ["y"], [])], [S.list("p", [0, 1, 0, 0])]),
    of(
      "padded images", unsupported("node 'y' (Pad): Pad of the batch"),
      [S.node("Pad", ["x", "p"], ["y"], [])], [S.list("p", [1, 0, 0, 0, 0, 0, 0, 0])]),
  ]
}
