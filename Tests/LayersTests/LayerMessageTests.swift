import Layers
import Tensors
import TestSupport
import Testing

/// What a user reads about layers whose hyper-parameters, inputs or values do not fit.
@Suite struct LayerMessageTests {
  private static func entry(_ kind: String, _ given: [String: LayerAttribute], _ inputs: [Shape]) throws
    -> Any
  {
    try LayerCatalogue.entry(kind).layer(given, inputs: inputs)
  }

  private static func window(_ kernel: [Int], padding: [Int] = [0, 0, 0, 0]) -> Window {
    Window(kernel: kernel, padding: padding)
  }

  private static func line(_ change: (inout Model) -> Void = { _ in }) throws -> Model {
    var graph = Graph(input: [2])
    try graph.add(Linear(inFeatures: 2, features: 3), [0], name: "head")
    var model = Model(graph: graph, seed: 1)
    change(&model)
    return model
  }

  static let shapes: [Refused] = [
    Refused("relu reads 1 input, but 2 are given") { try entry("relu", [:], [[2], [2]]) },
    Refused("add reads 2 inputs, but 1 are given") { try entry("add", [:], [[2]]) },
    Refused("linear needs the option 'features': length of the output") { try entry("linear", [:], [[2]]) },
    Refused("normalises channels, but the input is a scalar") { try entry("batch_norm", [:], [[]]) },
    Refused("reads 1 input, but 2 are given") { try ReLU().outputShape(for: [[2], [2]]) },
    Refused("reads 2 inputs, but 3 are given") { try Add().outputShape(for: [[2], [2], [2]]) },
    Refused("both inputs need one shape, but they are 2 and 3") { try Add().outputShape(for: [[2], [3]]) },
    Refused("normalises 4 channels, but the input is 2x2x3") {
      try BatchNorm(channels: 4).outputShape(for: [[2, 2, 3]])
    },
    Refused(
      "2 groups divide neither or only one of 3 input channels and 4 filters. Both counts must be multiples of groups."
    ) { try Conv2d(inChannels: 3, filters: 4, window: window([1, 1]), groups: 2) },
    Refused("the weights are for 2 channels, but the input 4x4x3 has 3") {
      try Conv2d(inChannels: 2, filters: 1, window: window([1, 1])).outputShape(for: [[4, 4, 3]])
    },
    Refused("the weights are for 2 features, but the input has 3") {
      try Linear(inFeatures: 2, features: 1).outputShape(for: [[3]])
    },
    Refused("padding [2, 0, 0, 0] puts a window of 2x2 wholly on padding. Pad less.") {
      try MaxPool(window: window([2, 2], padding: [2, 0, 0, 0])).outputShape(for: [[4, 4, 1]])
    },
    Refused("reads at least 1 input, but 0 are given") { try Concat().outputShape(for: []) },
    Refused(#"inputs need equal extents but for the channels, but they are ["2x2x1", "3x2x1"]"#) {
      try Concat().outputShape(for: [[2, 2, 1], [3, 2, 1]])
    },
    Refused("channels 1 ..< 4 are not within the 3 of 2x2x3") {
      try Slice(start: 1, end: 4).outputShape(for: [[2, 2, 3]])
    },
    Refused("2 groups do not divide the channels of 2x2x3") {
      try ChannelShuffle(groups: 2).outputShape(for: [[2, 2, 3]])
    },
    Refused("padding [1] needs four entries and channels [0, 0] two, each at least 0") {
      try Pad(padding: [1]).outputShape(for: [[2, 2, 3]])
    },
    Refused("normalises over the last dimension, but the input 0 has none of at least 1") {
      try Softmax().outputShape(for: [[0]])
    },
    Refused(
      "kernel [2], stride [1, 1] and dilation [1, 1] need two entries of at least 1, padding [0, 0, 0, 0] four of at least 0"
    ) { try window([2]).outputExtents(height: 2, width: 2) },
    Refused("node 'a' reads node 5, which does not exist. Add its inputs first.") {
      var graph = Graph(input: [2])
      return try graph.add(ReLU(), [5], name: "a")
    },
    Refused("the part from 'input' to 'b' is no unit: 'a' is the network's output. End there.") {
      var graph = Graph(input: [2])
      let a = try graph.add(ReLU(), [0], name: "a")
      let b = try graph.add(ReLU(), [a], name: "b")
      graph.output = a
      return try graph.region(from: 0, to: b)
    },
  ]

  static let values: [Refused] = [
    Refused("the model has no parameter 'head.bias' (3)") {
      try line { $0.parameters["head.bias"] = nil }.validate()
    },
    Refused("parameter 'head.bias' is 4, but the graph needs 3") {
      try line { $0.parameters["head.bias"] = Tensor(zeros: [4]) }.validate()
    },
    Refused("the model has no parameter 'head.bias'") {
      try line { $0.parameters["head.bias"] = nil }.forward(Tensor(zeros: [1, 2]), execution: Execution())
    },
    Refused("a batch norm on vectors folds only into a linear layer right before it") {
      var graph = Graph(input: [2])
      try graph.add(BatchNorm(channels: 2), [0], name: "norm")
      return try Model(graph: graph, seed: 1).foldingBatchNorm()
    },
    Refused("scores are 1x3, but there are 2 labels") {
      try line().gradients(
        Tensor(zeros: [1, 2]), loss: .softmaxCrossEntropy(labels: [0, 0]), execution: Execution())
    },
    Refused("label 3 is outside the 3 classes of the scores") {
      try line().gradients(
        Tensor(zeros: [1, 2]), loss: .softmaxCrossEntropy(labels: [3]), execution: Execution())
    },
  ]

  @Test(arguments: shapes + values) func whatDoesNotFitIsExplained(_ refused: Refused) {
    #expect(refused.outcome == refused.message)
  }
}
