import Tensors

/// Every kind of layer that recipes and model files can use.
///
/// A layer that is not listed does not exist.
public enum LayerCatalogue {
  static let noLimit = 1 << 20

  /// The finite FP32 numbers.
  static let everyNumber = -Double(Float.greatestFiniteMagnitude)...Double(Float.greatestFiniteMagnitude)

  /// The kinds of layers, by name.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` that names the nearest kind.
  public static func entry(_ kind: String) throws(LayerError) -> LayerEntry {
    if let entry = entries.first(where: { $0.kind == kind }) { return entry }
    throw .invalid("there is no layer '\(kind)'. \(suggestion(for: kind, among: entries.map(\.kind)))")
  }

  /// The table of layers.
  public static let entries: [LayerEntry] = [
    conv2d, linear, batchNorm,
    simple(ReLU.kind, "Rectified linear unit, max(x, 0).") { ReLU() },
    simple(ReLU6.kind, "Rectified linear unit with a ceiling, min(max(x, 0), 6).") { ReLU6() },
    simple(HardSwish.kind, "Hard swish, x relu6(x + 3) / 6.") { HardSwish() },
    simple(Sigmoid.kind, "Logistic function, 1 / (1 + exp(-x)).") { Sigmoid() },
    hardSigmoid, clip,
    simple(Softmax.kind, "Softmax over the last dimension.") { Softmax() },
    simple(Add.kind, "Sum of two values of one shape.", inputs: 2) { Add() },
    simple(
      Multiply.kind, "Product of two values of one shape, or of an image and one factor per channel.",
      inputs: 2
    ) { Multiply() },
    maxPool, averagePool,
    simple(GlobalAveragePool.kind, "Mean over all positions of an image.") { GlobalAveragePool() },
    simple(Concat.kind, "Channels of several images side by side.", inputs: nil) { Concat() },
    slice, channelShuffle,
    simple(Flatten.kind, "All values of an image as one vector.") { Flatten() },
    pad,
  ]

  private static func simple(
    _ kind: String, _ summary: String, inputs: Int? = 1, _ make: @escaping @Sendable () -> any Layer
  ) -> LayerEntry {
    LayerEntry(kind: kind, summary: summary, inputCount: inputs, attributes: []) { _, _ throws(LayerError) in
      make()
    }
  }

  private static func integers(
    _ name: String, _ count: Int, from low: Int, default value: Int?, _ summary: String
  ) -> AttributeSpecification {
    AttributeSpecification(
      name: name, kind: .integers(count: count, low...noLimit),
      defaultValue: value.map { .integers([Int](repeating: $0, count: count)) }, summary: summary)
  }

  private static let windowAttributes = [
    integers("kernel", 2, from: 1, default: nil, "extents of the kernel {height, width}"),
    integers("stride", 2, from: 1, default: 1, "steps between positions {height, width}"),
    integers("padding", 4, from: 0, default: 0, "zeros around the image {top, left, bottom, right}"),
  ]

  private static let bias = AttributeSpecification(
    name: "bias", kind: .boolean, defaultValue: .boolean(true), summary: "whether a bias is added")

  private static func groups(_ summary: String, default value: Int?) -> AttributeSpecification {
    AttributeSpecification(
      name: "groups", kind: .integer(1...noLimit), defaultValue: value.map { .integer($0) }, summary: summary)
  }

  private static let conv2d = LayerEntry(
    kind: Conv2d.kind, summary: "Two-dimensional convolution, plain, grouped or depthwise.", inputCount: 1,
    attributes: [
      AttributeSpecification(
        name: "filters", kind: .integer(1...noLimit), defaultValue: nil, summary: "channels of the output")
    ] + windowAttributes + [
      integers("dilation", 2, from: 1, default: 1, "distance between the kernel's taps {height, width}"),
      groups("groups of channels that do not see each other", default: 1), bias,
    ]
  ) { given, inputs throws(LayerError) in
    try Conv2d(
      inChannels: try imageShape(inputs)[2], filters: given.integer("filters"),
      window: Window(
        kernel: given.integers("kernel"), stride: given.integers("stride"),
        padding: given.integers("padding"),
        dilation: given.integers("dilation")),
      groups: given.integer("groups"), hasBias: given.boolean("bias"))
  }

  private static let linear = LayerEntry(
    kind: Linear.kind, summary: "Fully connected layer.", inputCount: 1,
    attributes: [
      AttributeSpecification(
        name: "features", kind: .integer(1...noLimit), defaultValue: nil, summary: "length of the output"),
      bias,
    ]
  ) { given, inputs throws(LayerError) in
    Linear(inFeatures: inputs[0].count, features: given.integer("features"), hasBias: given.boolean("bias"))
  }

  private static let batchNorm = LayerEntry(
    kind: BatchNorm.kind, summary: "Batch normalisation over all dimensions but the channel.", inputCount: 1,
    attributes: [
      AttributeSpecification(
        name: "epsilon", kind: .number(1e-12...1), defaultValue: .number(1e-5),
        summary: "added to the variance"),
      AttributeSpecification(
        name: "momentum", kind: .number(0...1), defaultValue: .number(0.1),
        summary: "share of the batch's statistics in the running ones"),
    ]
  ) { given, inputs throws(LayerError) in
    guard inputs[0].rank > 0 else { throw .invalid("normalises channels, but the input is a scalar") }
    return BatchNorm(
      channels: inputs[0][-1], epsilon: given.number("epsilon"), momentum: given.number("momentum"))
  }

  private static func number(
    _ name: String, default value: Double, _ summary: String
  ) -> AttributeSpecification {
    AttributeSpecification(
      name: name, kind: .number(everyNumber), defaultValue: .number(value), summary: summary)
  }

  private static let hardSigmoid = LayerEntry(
    kind: HardSigmoid.kind, summary: "A line cut off at 0 and 1, min(max(slope x + offset, 0), 1).",
    inputCount: 1,
    attributes: [
      number("slope", default: Double(1 / 6 as Float), "growth between the bounds"),
      number("offset", default: 0.5, "value at 0"),
    ]
  ) { given, _ throws(LayerError) in
    HardSigmoid(slope: given.number("slope"), offset: given.number("offset"))
  }

  private static let clip = LayerEntry(
    kind: Clip.kind, summary: "Values cut off at two bounds, min(max(x, low), high).", inputCount: 1,
    attributes: [
      number("low", default: 0, "least value of the output"),
      number("high", default: 1, "largest value of the output"),
    ]
  ) { given, _ throws(LayerError) in try Clip(low: given.number("low"), high: given.number("high")) }

  private static let maxPool = LayerEntry(
    kind: MaxPool.kind, summary: "Largest value under a moving window.", inputCount: 1,
    attributes: windowAttributes
  ) { given, _ throws(LayerError) in MaxPool(window: window(given)) }

  private static let averagePool = LayerEntry(
    kind: AveragePool.kind, summary: "Mean under a moving window.", inputCount: 1,
    attributes: windowAttributes + [
      AttributeSpecification(
        name: "count_padding", kind: .boolean, defaultValue: .boolean(true),
        summary: "whether zeros of the padding count as values")
    ]
  ) { given, _ throws(LayerError) in
    AveragePool(window: window(given), countsPadding: given.boolean("count_padding"))
  }

  private static func window(_ given: LayerAttributes) -> Window {
    Window(
      kernel: given.integers("kernel"), stride: given.integers("stride"), padding: given.integers("padding"))
  }

  private static let slice = LayerEntry(
    kind: Slice.kind, summary: "A run of channels; several slices of one value are a split.", inputCount: 1,
    attributes: [
      AttributeSpecification(
        name: "start", kind: .integer(0...noLimit), defaultValue: .integer(0),
        summary: "first channel, from 0"),
      AttributeSpecification(
        name: "stop", kind: .integer(1...noLimit), defaultValue: nil, summary: "channel behind the last one"),
    ]
  ) { given, _ throws(LayerError) in Slice(start: given.integer("start"), end: given.integer("stop")) }

  private static let channelShuffle = LayerEntry(
    kind: ChannelShuffle.kind, summary: "Transposes channels seen as groups x channels per group.",
    inputCount: 1,
    attributes: [groups("rows of the transposed table", default: nil)]
  ) { given, _ throws(LayerError) in ChannelShuffle(groups: given.integer("groups")) }

  private static let pad = LayerEntry(
    kind: Pad.kind, summary: "Zeros around an image and its channels.", inputCount: 1,
    attributes: [
      integers("padding", 4, from: 0, default: 0, "rows and columns of zeros {top, left, bottom, right}"),
      integers("channels", 2, from: 0, default: 0, "channels of zeros {before, after}"),
    ]
  ) { given, _ throws(LayerError) in
    Pad(padding: given.integers("padding"), channels: given.integers("channels"))
  }
}
