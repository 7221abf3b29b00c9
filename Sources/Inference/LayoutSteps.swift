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

/// A border around the image.
struct PaddingStep: IntegerStep {
  private let offset: (top: Int, left: Int)
  private let code: UInt8
  private let input: (height: Int, rowCount: Int)
  private let output: (count: Int, rowCount: Int, leftCount: Int)

  init(top: Int, left: Int, code: UInt8, _ context: StepContext) throws(InferenceError) {
    let image = try context.image(0)
    let shape = context.node.shape
    guard shape.rank == 3, shape[2] == image.channels, (0...shape[0]).contains(top),
      (0...shape[1]).contains(left),
      shape[0] >= top + image.height, shape[1] >= left + image.width
    else {
      throw context.shapeError("\(context.inputs[0].shape) does not pad to \(shape) from (\(top), \(left))")
    }
    offset = (top, left)
    self.code = code
    input = (image.height, image.width * image.channels)
    output = (shape.count, shape[1] * shape[2], left * shape[2])
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    let target = memory.target(places.output)
    let source = memory.codes(places.inputs[0])
    target.update(repeating: code, count: output.count)
    for row in 0..<input.height {
      let start = (offset.top + row) * output.rowCount + output.leftCount
      (target + start).update(from: source + row * input.rowCount, count: input.rowCount)
    }
  }
}
