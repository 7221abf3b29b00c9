import Tensors

/// Channels of several inputs one after another, each through a table.
struct ConcatenationStep: IntegerStep {
  private let tables: [[UInt8]]
  private let channels: [Int]
  private let positions: Int

  init(_ tables: [[UInt8]], _ context: StepContext) throws(InferenceError) {
    let shape = context.node.shape
    let positions = shape.dimensions.dropLast().reduce(1, *)
    channels = context.inputs.map { $0.shape[-1] }
    self.positions = positions
    guard tables.count == channels.count, tables.allSatisfy({ $0.count == 256 }),
      channels.reduce(0, +) == shape[-1],
      context.inputs.allSatisfy({ $0.shape.count == positions * $0.shape[-1] })
    else { throw context.shapeError("inputs \(context.inputs.map(\.shape)) do not concatenate to \(shape)") }
    self.tables = tables
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    let total = channels.reduce(0, +)
    var first = 0
    for (index, count) in channels.enumerated() {
      let input = memory.codes(places.inputs[index])
      let output = memory.target(places.output) + first
      tables[index].withUnsafeBufferPointer { table in
        for position in 0..<positions {
          for channel in 0..<count {
            output[position * total + channel] = table[Int(input[position * count + channel])]
          }
        }
      }
      first += count
    }
  }
}

/// Channels in another order, or some of them.
struct ChannelStep: IntegerStep {
  private let order: [Int]
  private let channels: Int
  private let positions: Int

  init(_ order: [Int], _ context: StepContext) throws(InferenceError) {
    let channels = context.inputs[0].shape[-1]
    self.channels = channels
    positions = context.node.shape.dimensions.dropLast().reduce(1, *)
    guard order.count == context.node.shape[-1], order.allSatisfy((0..<channels).contains),
      context.inputs[0].shape.count == positions * channels
    else {
      throw context.shapeError("\(order.count) of \(channels) channels do not give \(context.node.shape)")
    }
    self.order = order
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    var input = memory.codes(places.inputs[0])
    var output = memory.target(places.output)
    order.withUnsafeBufferPointer { order in
      for _ in 0..<positions {
        for index in 0..<order.count { output[index] = input[order[index]] }
        input += channels
        output += order.count
      }
    }
  }
}

/// The same codes under another shape.
struct ReshapeStep: IntegerStep {
  private let count: Int

  init(_ context: StepContext) throws(InferenceError) {
    count = context.node.shape.count
    guard context.inputs.count == 1, context.inputs[0].shape.count == count else {
      throw context.shapeError("\(context.inputs.map(\.shape)) does not reshape to \(context.node.shape)")
    }
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    memory.target(places.output).update(from: memory.codes(places.inputs[0]), count: count)
  }
}

/// A code around the image and its channels.
struct PaddingStep: IntegerStep {
  private let offset: [Int]
  private let code: UInt8
  private let input: [Int]
  private let output: [Int]

  init(from offset: [Int], code: UInt8, _ context: StepContext) throws(InferenceError) {
    let image = try context.image(0)
    let shape = context.node.shape
    input = [image.height, image.width, image.channels]
    output = shape.dimensions
    self.offset = offset
    self.code = code
    guard shape.rank == 3, zip(offset, output).allSatisfy({ (0...$1).contains($0) }),
      (0..<3).allSatisfy({ [input, output] in offset[$0] + input[$0] <= output[$0] })
    else { throw context.shapeError("\(context.inputs[0].shape) does not pad to \(shape) from \(offset)") }
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    var target = memory.target(places.output)
    var source = memory.codes(places.inputs[0])
    target.update(repeating: code, count: output[0] * output[1] * output[2])
    target += offset[0] * output[1] * output[2]
    for _ in 0..<input[0] {
      var place = target + offset[1] * output[2] + offset[2]
      for _ in 0..<input[1] {
        place.update(from: source, count: input[2])
        place += output[2]
        source += input[2]
      }
      target += output[1] * output[2]
    }
  }
}
