import CKernels
import Tensors

/// Sum of two inputs.
struct AdditionStep: IntegerStep {
  private let addition: IntegerAddition
  private let terms: (AlignedBytes, AlignedBytes)
  private let count: Int
  private let zeroPoint: Int32

  init(_ addition: IntegerAddition, _ context: StepContext) throws(InferenceError) {
    guard context.inputs.count == 2, context.inputs.allSatisfy({ $0.shape.count == context.node.shape.count })
    else { throw context.shapeError("an addition needs two inputs of shape \(context.node.shape)") }
    self.addition = addition
    terms = (
      AlignedBytes(addition.terms(addition.first, zeroPoint: context.inputs[0].grid.zeroPoint)),
      AlignedBytes(addition.terms(addition.second, zeroPoint: context.inputs[1].grid.zeroPoint))
    )
    count = context.node.shape.count
    zeroPoint = Int32(context.node.grid.zeroPoint)
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    var job = aq_add_job(
      a: memory.codes(places.inputs[0]), b: memory.codes(places.inputs[1]), count: count,
      a_terms: terms.0.of(Int32.self), b_terms: terms.1.of(Int32.self),
      multiplier: addition.result.multiplier,
      shift: addition.result.shift, zero_point: zeroPoint, low: Int32(addition.range.low),
      high: Int32(addition.range.high), out: memory.target(places.output))
    aq_add_u8(memory.variant, &job)
  }
}

/// Product of two inputs.
struct MultiplicationStep: IntegerStep {
  private let scale: FixedPointMultiplier
  private let headroom: Int32
  private let range: CodeRange
  private let extents: (rows: Int, channels: Int, secondRows: Int)
  private let zeroPoints: (Int32, Int32, Int32)

  init(_ scale: FixedPointMultiplier, _ range: CodeRange, headroom: Int, _ context: StepContext)
    throws(InferenceError)
  {
    let shape = context.node.shape
    guard context.inputs.count == 2, context.inputs[0].shape.count == shape.count, shape.rank > 0,
      [shape.count, shape[-1]].contains(context.inputs[1].shape.count)
    else {
      throw context.shapeError(
        "a product needs an input of shape \(shape) and one like it or of its channels")
    }
    // The product of two codes is below 2^16.
    guard (0...14).contains(headroom), Int(scale.shift) + headroom <= 14 else {
      throw .multiplier(node: context.node.name, value: scale.value)
    }
    self.scale = scale
    self.headroom = Int32(headroom)
    self.range = range
    let rows = shape[-1] == 0 ? 0 : shape.count / shape[-1]
    extents = (rows, shape[-1], context.inputs[1].shape.count == shape.count ? rows : 1)
    zeroPoints = (
      Int32(context.inputs[0].grid.zeroPoint), Int32(context.inputs[1].grid.zeroPoint),
      Int32(context.node.grid.zeroPoint)
    )
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    var job = aq_multiply_job(
      x: memory.codes(places.inputs[0]), y: memory.codes(places.inputs[1]), rows: extents.rows,
      channels: extents.channels, y_rows: extents.secondRows, x_zero: zeroPoints.0, y_zero: zeroPoints.1,
      multiplier: scale.multiplier, shift: scale.shift, headroom: headroom, zero_point: zeroPoints.2,
      low: Int32(range.low),
      high: Int32(range.high), out: memory.target(places.output))
    aq_multiply_u8(&job)
  }
}

/// A function of one code, from a table.
struct TableStep: IntegerStep {
  private let table: [UInt8]
  private let count: Int

  init(_ table: [UInt8], _ context: StepContext) throws(InferenceError) {
    guard table.count == 256, context.inputs.count == 1,
      context.inputs[0].shape.count == context.node.shape.count
    else { throw context.shapeError("a table has 256 entries and keeps the shape; found \(table.count)") }
    self.table = table
    count = context.node.shape.count
  }

  func run(_ memory: StepMemory, _ places: StepPlaces) {
    let input = memory.codes(places.inputs[0])
    let output = memory.target(places.output)
    table.withUnsafeBufferPointer { table in
      for index in 0..<count { output[index] = table[Int(input[index])] }
    }
  }
}
