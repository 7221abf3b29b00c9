import Layers
import Tensors

/// Operators that only rename axes: no values move, and most leave no trace.
extension ONNXImporter {
  mutating func reshape(_ call: ONNXCall) throws -> [ONNXValue] {
    var x = try settled(call.activation(0), name: call.name + "_take")
    let target = try constant(call, 1)
    guard var extents = target.integers, target.dims.count == 1,
      (1...ONNXConstant.largestRank).contains(extents.count)
    else {
      throw ONNXProblem.malformed(
        "the new extents must be a list of at most \(ONNXConstant.largestRank) integers")
    }
    if try call.node.integer("allowzero", default: 0) == 0 {
      for place in extents.indices where extents[place] == 0 {
        guard place < x.view.rank else {
          throw ONNXProblem.malformed("extent 0 at \(place) copies an axis that is not there")
        }
        extents[place] = x.view.extent(place)
      }
    }
    let images = extents.removeFirst()
    var rest = extents.compactMap { $0 }
    guard x.view.startsWithBatch, rest.count == extents.count else {
      throw ONNXProblem.unsupported(["a Reshape that moves the batch from the first axis"])
    }
    let isOpen = images == -1
    if !isOpen, let open = rest.firstIndex(of: -1) {
      let known = ONNXConstant.volume(rest.filter { $0 != -1 }) ?? 0
      rest[open] = known > 0 && x.view.count.isMultiple(of: known) ? x.view.count / known : -1
    }
    guard ONNXConstant.volume(rest) == x.view.count, images.map({ isOpen || $0 == batch ?? 1 }) ?? true else {
      throw ONNXProblem.unsupported([
        "a Reshape of \(x.view.count) values for each image to extents \(Self.text([images] + rest)), which mixes images"
      ])
    }
    guard let view = x.view.reshaped(rest) else { throw Self.misplaced(x) }
    x.view = view
    return [.activation(x)]
  }

  mutating func flatten(_ call: ONNXCall) throws -> [ONNXValue] {
    var x = try settled(call.activation(0), name: call.name + "_take")
    let given = try call.node.integer("axis", default: 1)
    let axis = given == x.view.rank ? given : try ONNXFolding.axis(given, rank: x.view.rank)
    guard x.view.startsWithBatch, axis >= 1, (1..<axis).allSatisfy({ x.view.extent($0) == 1 }),
      let view = x.view.reshaped([x.view.count])
    else { throw ONNXProblem.unsupported(["a Flatten at axis \(given), which mixes images"]) }
    x.view = view
    return [.activation(x)]
  }

  mutating func transpose(_ call: ONNXCall) throws -> [ONNXValue] {
    var x = try settled(call.activation(0), name: call.name + "_take")
    let axes = Array(0..<x.view.rank)
    let order = try call.node.integers("perm") ?? axes.reversed()
    guard order.sorted() == axes else {
      throw ONNXProblem.malformed("the order \(order) is none of \(x.view.rank) axes")
    }
    x.view = x.view.transposed(order)
    return [.activation(x)]
  }

  mutating func squeeze(_ call: ONNXCall) throws -> [ONNXValue] {
    var x = try settled(call.activation(0), name: call.name + "_take")
    let list = [nil, try optionalConstant(call, 1)]
    let given = try ONNXFolding.axes(call.node, list, at: 1, rank: x.view.rank)
    let axes = given ?? (0..<x.view.rank).filter { x.view.extent($0) == 1 }
    guard axes.allSatisfy({ x.view.extent($0) == 1 }) else {
      throw ONNXProblem.malformed("axes \(axes) of \(Self.text(x.view.extents)) are not all of extent 1")
    }
    x.view = x.view.removing(Set(axes))
    return [.activation(x)]
  }

  mutating func unsqueeze(_ call: ONNXCall) throws -> [ONNXValue] {
    var x = try settled(call.activation(0), name: call.name + "_take")
    let list = [nil, try optionalConstant(call, 1)]
    let added = try call.node.integers("axes")?.count ?? list[1]?.count ?? 0
    guard added > 0, x.view.rank + added <= ONNXConstant.largestRank,
      let axes = try ONNXFolding.axes(call.node, list, at: 1, rank: x.view.rank + added)
    else {
      throw ONNXProblem.malformed("Unsqueeze needs axes, at most \(ONNXConstant.largestRank) in the result")
    }
    x.view = x.view.inserting(axes)
    return [.activation(x)]
  }

  /// Shape: extents as constants; the number of images stays open.
  mutating func extents(_ call: ONNXCall) throws -> [ONNXValue] {
    let x = try settled(call.activation(0), name: call.name + "_take")
    return [
      .constant(ONNXConstant(Array(x.view.extents[try ONNXFolding.shapeRange(call.node, rank: x.view.rank)])))
    ]
  }
}

/// Operators that take channels apart and put them together.
extension ONNXImporter {
  mutating func concatenation(_ call: ONNXCall) throws -> [ONNXValue] {
    guard let given = try call.node.integer("axis") else {
      throw ONNXProblem.malformed("attribute 'axis' is not given")
    }
    var parts: [(activation: ONNXActivation, width: Int)] = []
    var axis = 0
    for index in call.inputs.indices {
      let x = try ordered(call.activation(index), name: call.name(ofInput: index))
      axis = try ONNXFolding.axis(given, rank: x.view.rank)
      let part = try channels(x, axis: axis, name: call.name(ofInput: index))
      guard !part.isPermuted else { throw Self.misplaced(x) }
      parts.append((part.activation, part.width))
    }
    if Set(parts.map { shape($0.activation).rank }).count > 1 {
      for index in parts.indices {
        parts[index].activation.node = try builder.flatten(
          parts[index].activation.node, name: call.name(ofInput: index) + "_flat")
        parts[index].width = shape(parts[index].activation)[0]
      }
    }
    let total = parts.reduce(0) { $0 + $1.width }
    let views = parts.map { $0.activation.view.resized(axis: axis, width: $0.width, to: total)?.coalesced }
    guard let view = views.first.flatMap({ $0 }), views.allSatisfy({ $0 == view }) else {
      throw ONNXProblem.unsupported([
        "a Concat of differently laid out values; only channels are put side by side"
      ])
    }
    if parts.count == 1 { return [.activation(parts[0].activation)] }
    let node = try builder.add(Concat.kind, [:], parts.map(\.activation.node), name: call.name)
    return [.activation(ONNXActivation(node: node, view: view))]
  }

  /// Split along the channels: sizes are an attribute before opset 13, then an input, or equal parts.
  mutating func split(_ call: ONNXCall) throws -> [ONNXValue] {
    let x = try ordered(call.activation(0), name: call.name)
    let axis = try ONNXFolding.axis(call.node.integer("axis", default: 0), rank: x.view.rank)
    guard let extent = x.view.extent(axis) else { throw ONNXProblem.unsupported(["a Split of the batch"]) }
    let count = call.node.proto.output.count
    var sizes = try call.node.integers("split")
    if sizes == nil, let input = try optionalConstant(call, 1) {
      sizes = try ONNXFolding.known(input, "sizes")
    }
    let equal = (extent + count - 1) / max(1, count)
    let parts = sizes ?? (0..<count).map { min(equal, extent - $0 * equal) }
    guard parts.count == count, parts.allSatisfy({ $0 >= 1 && $0 <= extent }), parts.reduce(0, +) == extent
    else {
      throw ONNXProblem.malformed("\(count) parts of sizes \(parts) do not make an axis of extent \(extent)")
    }
    var start = 0
    var results: [ONNXValue] = []
    for (index, size) in parts.enumerated() {
      results.append(
        .activation(try channels(start..<start + size, of: x, axis: axis, name: call.name(ofOutput: index))))
      start += size
    }
    return results
  }

  /// A run of channels.
  private mutating func channels(
    _ range: Range<Int>, of x: ONNXActivation, axis: Int, name: String
  ) throws -> ONNXActivation {
    let found = try channels(x, axis: axis, name: name)
    guard !found.isPermuted,
      let view = found.activation.view.resized(axis: axis, width: found.width, to: range.count)
    else { throw Self.misplaced(x) }
    let node = try builder.add(
      Slice.kind, ["start": .integer(range.lowerBound), "stop": .integer(range.upperBound)],
      [found.activation.node],
      name: name)
    return ONNXActivation(node: node, view: view)
  }

  /// Slice: a run of channels, or every few rows and columns from the first on.
  mutating func slice(_ call: ONNXCall) throws -> [ONNXValue] {
    var x = try call.activation(0)
    if x.stride == [1, 1] { x = try ordered(x, name: call.name) }
    var constants: [ONNXConstant?] = [nil]
    for index in call.inputs.indices.dropFirst() { constants.append(try optionalConstant(call, index)) }
    // The batch only passes whole, whatever its size: any extent beyond every end will do.
    let extents = x.view.extents.map { $0 ?? Int(Int32.max) }
    for range in try ONNXSliceRange.all(call.node, constants, extents: extents) {
      guard let extent = x.view.extent(range.axis) else {
        guard range.start == 0, range.step == 1, range.end >= batch ?? Int(Int32.max) else {
          throw ONNXProblem.unsupported(["a Slice of the batch"])
        }
        continue
      }
      if range.step == 1, range.start == 0, range.end == extent { continue }
      guard range.step > 0, range.start < range.end else {
        throw ONNXProblem.unsupported(["a Slice that is empty or runs backwards on axis \(range.axis)"])
      }
      if range.step > 1, let axes = imageAxes(x), range.axis == axes.height || range.axis == axes.width {
        let side = range.axis == axes.height ? 0 : 1
        let count = (range.end - 1) / range.step + 1
        guard range.start == 0, count == (extent - 1) / range.step + 1, x.stride[side] == 1 else {
          throw ONNXProblem.unsupported([
            "a strided Slice that does not take rows or columns 0, s, 2 s, … to the end"
          ])
        }
        x.stride[side] = range.step
      } else {
        guard range.step == 1 else {
          throw ONNXProblem.unsupported(["a strided Slice of axis \(range.axis)"])
        }
        x = try channels(range.start..<range.end, of: x, axis: range.axis, name: call.name)
      }
    }
    return [.activation(x)]
  }

  /// Pad with zeros, of rows, columns and channels.
  mutating func pad(_ call: ONNXCall) throws -> [ONNXValue] {
    let x = try ordered(call.activation(0), name: call.name)
    let mode = try call.node.text("mode", default: "constant")
    guard mode == "constant" else {
      throw ONNXProblem.unsupported(["Pad in mode '\(mode)'; only zeros are padded"])
    }
    if let value = try optionalConstant(call, 2), value.floats != [0] {
      throw ONNXProblem.unsupported(["Pad with another value than 0"])
    }
    let given = try ONNXFolding.known(try constant(call, 1), "pads")
    let list = [nil, nil, nil, try optionalConstant(call, 3)]
    let order = try list[3].map { (input) throws(ONNXProblem) in try ONNXFolding.known(input, "axes") }
    let axes = try (order ?? Array(0..<x.view.rank)).map { try ONNXFolding.axis($0, rank: x.view.rank) }
    guard given.count == 2 * axes.count, Set(axes).count == axes.count else {
      throw ONNXProblem.malformed("\(given.count) pads do not fit \(axes.count) axes")
    }
    if given.allSatisfy({ $0 == 0 }) { return [.activation(x)] }
    guard let image = imageAxes(x) else {
      throw ONNXProblem.unsupported(["Pad of something that is no image"])
    }
    func pads(_ axis: Int) -> [Int] {
      axes.firstIndex(of: axis).map { [given[$0], given[$0 + axes.count]] } ?? [0, 0]
    }
    let (rows, columns, channels) = (pads(image.height), pads(image.width), pads(image.channels))
    guard pads(0) == [0, 0] else { throw ONNXProblem.unsupported(["Pad of the batch"]) }
    let node = try builder.add(
      Pad.kind,
      ["padding": .integers([rows[0], columns[0], rows[1], columns[1]]), "channels": .integers(channels)],
      [x.node],
      name: call.name)
    return [.activation(ONNXActivation(node: node, view: image.view(builder.drafts[node].shape)))]
  }
}

extension ONNXCall {
  /// The value a node reads, for names of layers that prepare it.
  func name(ofInput index: Int) -> String { node.proto.input[index] }
}
