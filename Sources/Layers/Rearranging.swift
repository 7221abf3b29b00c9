public import Tensors

/// Channels of several images one after the other: `[H, W, C1] ... [H, W, Cn]` to `[H, W, C1 + ... + Cn]`.
public struct Concat: Layer {
  /// The name in model files.
  public static let kind = "concat"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// The inputs' shape with the channels added up.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    guard let first = inputs.first, first.rank > 0 else {
      throw .invalid("reads at least 1 input, but 0 are given")
    }
    let outer = Array(first.dimensions.dropLast())
    for shape in inputs where Array(shape.dimensions.dropLast()) != outer {
      throw .invalid(
        "inputs need equal extents but for the channels, but they are \(inputs.map(\.description))")
    }
    return Shape(outer + [inputs.reduce(0) { $0 + $1[-1] }])
  }

  /// Copies the channels side by side.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    let shape = try outputShape(for: inputs.map(\.shape.droppingFirst)).batched(inputs[0].shape[0])
    var result = Tensor(uninitialized: shape)
    var offset = 0
    for input in inputs {
      try result.setChannels(from: offset, to: input, pass.execution)
      offset += input.shape[-1]
    }
    return LayerOutput(result)
  }

  /// Gives each input its channels of the gradient.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let dy = gradient
    var offset = 0
    return LayerGradients(
      inputs: try inputs.map { input in
        defer { offset += input.shape[-1] }
        return try dy.channels(offset..<(offset + input.shape[-1]), pass.execution)
      })
  }
}

/// A run of channels.
///
/// `[H, W, C]` to `[H, W, end - start]`; several slices of one value are a split.
public struct Slice: Layer {
  /// The name in model files.
  public static let kind = "slice"
  /// First channel taken.
  public let start: Int
  /// Channel behind the last one taken.
  public let end: Int
  /// Makes the layer.
  public init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// start, stop.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("start", .integer(start)), ("stop", .integer(end))]
  }

  /// The input's shape with `end - start` channels.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let shape = try onlyShape(inputs)
    guard shape.rank > 0, start >= 0, start < end, end <= shape[-1] else {
      throw .invalid(
        "channels \(start) ..< \(end) are not within the \(shape.rank > 0 ? shape[-1] : 0) of \(shape)")
    }
    return Shape(shape.dimensions.dropLast() + [end - start])
  }

  /// Copies the channels.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(try inputs[0].channels(start..<end, pass.execution))
  }

  /// Puts the gradient in its channels, zeros elsewhere.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    var result = Tensor(zeros: inputs[0].shape)
    try result.setChannels(from: start, to: gradient, pass.execution)
    return LayerGradients(inputs: [result])
  }
}

/// Transposes channels seen as `[groups, C / groups]`, so that groups mix.
///
/// Source: Zhang et al. 2018 (ShuffleNet), figure 1.
public struct ChannelShuffle: Layer {
  /// The name in model files.
  public static let kind = "channel_shuffle"
  /// Rows of the transposed table.
  public let groups: Int
  /// Makes the layer.
  public init(groups: Int) { self.groups = groups }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// groups.
  public var attributes: [(name: String, value: LayerAttribute)] { [("groups", .integer(groups))] }

  /// The input's shape.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let shape = try onlyShape(inputs)
    guard groups >= 1, shape.rank > 0, shape[-1] % groups == 0 else {
      throw .invalid("\(groups) groups do not divide the channels of \(shape)")
    }
    return shape
  }

  /// For each channel of the output, the channel of the input it takes.
  public func sources(channels: Int) -> [Int] {
    let perGroup = channels / groups
    return (0..<channels).map { ($0 % groups) * perGroup + $0 / groups }
  }

  /// Permutes the channels.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(
      try inputs[0].channels(permutedBy: sources(channels: inputs[0].shape[-1]), pass.execution))
  }

  /// Permutes the gradient back.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let dy = gradient
    let back = ChannelShuffle(groups: dy.shape[-1] / groups)
    return LayerGradients(
      inputs: [try dy.channels(permutedBy: back.sources(channels: dy.shape[-1]), pass.execution)])
  }
}

/// All values of an image as one vector, in memory order (H, W, C).
public struct Flatten: Layer {
  /// The name in model files.
  public static let kind = "flatten"
  /// Makes the layer.
  public init() {}
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// None.
  public var attributes: [(name: String, value: LayerAttribute)] { [] }

  /// `[H W C]`.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape { [try onlyShape(inputs).count] }

  /// The same memory under another shape.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    LayerOutput(inputs[0].reshaped([inputs[0].shape[0], inputs[0].shape.droppingFirst.count]))
  }

  /// The same memory under the input's shape.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    LayerGradients(inputs: [gradient.reshaped(inputs[0].shape)])
  }
}

/// Zeros around an image and behind or before its channels.
public struct Pad: Layer {
  /// The name in model files.
  public static let kind = "pad"
  /// Rows and columns of zeros, `[top, left, bottom, right]`.
  public let padding: [Int]
  /// Channels of zeros, `[before, after]`.
  public let channels: [Int]
  /// Makes the layer.
  public init(padding: [Int], channels: [Int] = [0, 0]) {
    self.padding = padding
    self.channels = channels
  }
  /// None.
  public var parameters: [ParameterSpecification] { [] }
  /// padding, channels.
  public var attributes: [(name: String, value: LayerAttribute)] {
    [("padding", .integers(padding)), ("channels", .integers(channels))]
  }

  /// The input's shape with the zeros counted.
  public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    let image = try imageShape(inputs)
    guard padding.count == 4, channels.count == 2, (padding + channels).allSatisfy({ $0 >= 0 }) else {
      throw .invalid("padding \(padding) needs four entries and channels \(channels) two, each at least 0")
    }
    return [
      image[0] + padding[0] + padding[2], image[1] + padding[1] + padding[3],
      image[2] + channels[0] + channels[1],
    ]
  }

  /// Copies the image into zeros.
  public func forward(_ inputs: [Tensor], _ parameters: [Tensor], _ pass: LayerPass) throws -> LayerOutput {
    let inner = inputs[0].shape
    var result = Tensor(zeros: try outputShape(for: [inner.droppingFirst]).batched(inner[0]))
    let outer = result.shape
    try result.withMutableValues { (target: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      try forEachPixel(inner, outer, pass.execution) { from, to in
        inputs[0].withValues { source in
          guard let source = source.baseAddress, let target = target.baseAddress else { return }
          (target + to).update(from: source + from, count: inner[3])
        }
      }
    }
    return LayerOutput(result)
  }

  /// Cuts the gradient back to the image.
  public func backward(
    _ gradient: consuming Tensor, inputs: [Tensor], parameters: [Tensor], saved: LayerOutput,
    _ pass: LayerPass
  ) throws -> LayerGradients {
    let dy = gradient
    let inner = inputs[0].shape
    let outer = dy.shape
    var result = Tensor(uninitialized: inner)
    try result.withMutableValues { (target: UnsafeMutableBufferPointer<Float>) throws(any Error) in
      try forEachPixel(inner, outer, pass.execution) { from, to in
        dy.withValues { source in
          guard let source = source.baseAddress, let target = target.baseAddress else { return }
          (target + from).update(from: source + to, count: inner[3])
        }
      }
    }
    return LayerGradients(inputs: [result])
  }

  /// Calls `body` with the offset of a pixel's first channel in the inner and in the padded image, sharded over lines.
  private func forEachPixel(
    _ inner: Shape, _ outer: Shape, _ execution: Execution, _ body: (Int, Int) -> Void
  ) throws {
    let (height, width, depth) = (inner[1], inner[2], inner[3])
    let (outerHeight, outerWidth, outerDepth) = (outer[1], outer[2], outer[3])
    guard height > 0 else { return }
    try execution.forEachRange(inner[0] * height, grain: max(1, (1 << 15) / max(1, width * depth))) { lines in
      for line in lines {
        let outerLine = line / height * outerHeight + line % height + padding[0]
        let start = (outerLine * outerWidth + padding[1]) * outerDepth + channels[0]
        for x in 0..<width { body((line * width + x) * depth, start + x * outerDepth) }
      }
    }
  }
}

extension Tensor {
  /// Returns the channels (last dimension) of a range, copied.
  func channels(_ range: Range<Int>, _ execution: Execution) throws -> Tensor {
    let width = shape[-1]
    var result = Tensor(uninitialized: Shape(shape.dimensions.dropLast() + [range.count]))
    try result.fillRows(range.count, execution) { target, rows in
      withValues { source in
        guard let source = source.baseAddress else { return }
        let first = source + rows.lowerBound * width + range.lowerBound
        for row in 0..<rows.count {
          (target + row * range.count).update(from: first + row * width, count: range.count)
        }
      }
    }
    return result
  }

  /// Returns a tensor whose channel c is this one's `sources[c]`.
  func channels(permutedBy sources: [Int], _ execution: Execution) throws -> Tensor {
    let (width, count) = (shape[-1], sources.count)
    var result = Tensor(uninitialized: Shape(shape.dimensions.dropLast() + [count]))
    try result.fillRows(count, execution) { target, rows in
      withValues { source in
        sources.withUnsafeBufferPointer { sources in
          guard let source = source.baseAddress else { return }
          for row in 0..<rows.count {
            let from = source + (rows.lowerBound + row) * width
            for c in 0..<count { target[row * count + c] = from[sources[c]] }
          }
        }
      }
    }
    return result
  }

  /// Overwrites the channels from `offset` on with those of `other`.
  mutating func setChannels(from offset: Int, to other: Tensor, _ execution: Execution) throws {
    let (width, part) = (shape[-1], other.shape[-1])
    try fillRows(width, execution) { target, rows in
      other.withValues { source in
        guard let source = source.baseAddress else { return }
        let first = source + rows.lowerBound * part
        for row in 0..<rows.count {
          (target + row * width + offset).update(from: first + row * part, count: part)
        }
      }
    }
  }
}
