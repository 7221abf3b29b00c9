import CKernels
import Synchronization
public import Tensors

/// Runs an ``IntegerModel`` with integers only between the quantized input and the logits.
///
/// Each image is one unit of work with memory of its own, so results do not depend on threads or batch size; every
/// kernel variant gives the same bits.
public final class IntegerEngine: Sendable {
  /// What runs.
  public let model: IntegerModel
  /// The kernels it runs with.
  public let variant: IntegerKernelVariant

  private let steps: [(any IntegerStep)?]
  private let plan: MemoryPlan
  private let idle = Mutex<[AlignedBytes]>([])

  /// Prepares a model: packs weights for the kernels, folds zero points, proves that no sum overflows.
  ///
  /// - Throws: ``InferenceError`` that names the node which cannot run.
  public init(_ model: IntegerModel, variant: IntegerKernelVariant = .best) throws(InferenceError) {
    self.model = model
    self.variant = variant
    steps = try Self.prepare(model)
    plan = Self.plan(model, steps, reuse: .live)
  }

  /// The shape of one image.
  public var inputShape: Shape { model.nodes[0].shape }

  /// The grid of the network's input.
  public var inputGrid: IntegerGrid { model.nodes[0].grid }

  /// The number of logits of one image.
  public var logitCount: Int { model.nodes[model.output].shape.count }

  /// Quantizes images `[N, …]` by the input's grid and runs them.
  ///
  /// - Throws: ``InferenceError`` for a wrong shape, NaN or infinity; ``ExecutionError/cancelled``.
  public func logits(of images: Tensor, execution: Execution = Execution()) throws -> IntegerLogits {
    guard images.shape.rank > 0, images.shape.droppingFirst.count == inputShape.count else {
      throw InferenceError.input(found: "\(images.shape)", expected: "a batch of \(inputShape)")
    }
    return try logits(ofCodes: inputCodes(of: images, execution: execution), execution: execution)
  }

  /// Runs images that are given as codes of the input's grid, one after another.
  ///
  /// - Throws: ``InferenceError/input(found:expected:)``; ``ExecutionError/cancelled``.
  public func logits(ofCodes codes: [UInt8], execution: Execution = Execution()) throws -> IntegerLogits {
    let size = inputShape.count
    guard size > 0, codes.count % size == 0 else {
      throw InferenceError.input(found: "\(codes.count) codes", expected: "\(size) codes an image")
    }
    let count = codes.count / size
    let outputs = logitCount
    let values = AlignedBytes(count: count * outputs * MemoryLayout<Int32>.stride)
    let shards = Execution.shardCount(for: count, grain: 1, limit: 64)
    try codes.withUnsafeBufferPointer { codes in
      let shared = UncheckedPointer(codes.baseAddress)
      try execution.forEachShard(count == 0 ? 0 : shards) { shard in
        let arena = borrowMemory()
        defer { idle.withLock { $0.append(arena) } }
        for image in Execution.range(ofShard: shard, of: shards, count: count) {
          try execution.cancellation.check()
          guard let start = shared.pointer else { return }
          arena.of(UInt8.self).advanced(by: plan.offsets[0]).update(from: start + image * size, count: size)
          runSteps(arena, plan)
          readLogits(arena, plan, to: values.of(Int32.self) + image * outputs)
        }
      }
    }
    let read = values.of(Int32.self)
    let array = (0..<(count * outputs)).map { read[$0] }
    return IntegerLogits(values: array, classes: outputs, scale: model.nodes[model.output].grid.scale)
  }

  /// The codes of every node for one image, by node; empty for a node of wide output.
  ///
  /// - Throws: ``InferenceError/input(found:expected:)``.
  public func activations(ofCodes codes: [UInt8]) throws(InferenceError) -> [[UInt8]] {
    guard codes.count == inputShape.count else {
      throw .input(found: "\(codes.count) codes", expected: "\(inputShape.count) codes")
    }
    let plan = Self.plan(model, steps, reuse: .none)
    let arena = AlignedBytes(count: plan.byteCount)
    arena.of(UInt8.self).advanced(by: plan.offsets[0]).update(from: codes, count: codes.count)
    runSteps(arena, plan)
    return model.nodes.indices.map { index in
      let start = arena.of(UInt8.self) + plan.offsets[index]
      let count = model.nodes[index].isWide ? 0 : model.nodes[index].shape.count
      return Array(UnsafeBufferPointer(start: start, count: count))
    }
  }

  /// Runs one node alone on given codes, one array per input.
  ///
  /// - Returns: The codes, or the 32-bit logits of a node of wide output, as integers.
  /// - Throws: ``InferenceError/input(found:expected:)``.
  public func output(ofNode index: Int, from inputs: [[UInt8]]) throws(InferenceError) -> [Int32] {
    let node = model.nodes[index]
    let expected = node.inputs.map { model.nodes[$0].shape.count }
    guard let step = steps[index], inputs.map(\.count) == expected else {
      throw .input(
        found: "\(inputs.map(\.count)) codes", expected: "\(expected) codes for node '\(node.name)'")
    }
    let sizes = expected + [node.shape.count * (node.isWide ? 4 : 1)]
    let plan = MemoryPlan(
      sizes: sizes, lastUse: sizes.map { _ in sizes.count }, scratchBytes: step.scratchBytes, reuse: .none)
    let arena = AlignedBytes(count: plan.byteCount)
    for (input, offset) in zip(inputs, plan.offsets) {
      arena.of(UInt8.self).advanced(by: offset).update(from: input, count: input.count)
    }
    let target = plan.offsets[inputs.count]
    let places = StepPlaces(inputs: Array(plan.offsets.dropLast()), output: target, scratch: plan.scratch)
    step.run(StepMemory(start: arena.start, variant: variant.row), places)
    return (0..<node.shape.count).map {
      node.isWide
        ? arena.start.load(fromByteOffset: target + 4 * $0, as: Int32.self)
        : Int32(arena.start.load(fromByteOffset: target + $0, as: UInt8.self))
    }
  }

  private func runSteps(_ arena: AlignedBytes, _ plan: MemoryPlan) {
    let memory = StepMemory(start: arena.start, variant: variant.row)
    for (step, places) in zip(steps, plan.places) { step?.run(memory, places) }
  }

  private func readLogits(_ arena: AlignedBytes, _ plan: MemoryPlan, to target: UnsafeMutablePointer<Int32>) {
    let node = model.nodes[model.output]
    let start = arena.start.advanced(by: plan.offsets[model.output])
    for index in 0..<node.shape.count {
      target[index] =
        node.isWide
        ? start.load(fromByteOffset: index * 4, as: Int32.self)
        : Int32(start.load(fromByteOffset: index, as: UInt8.self)) - Int32(node.grid.zeroPoint)
    }
  }

  /// Memory for one image at a time.
  func borrowMemory() -> AlignedBytes {
    idle.withLock { $0.popLast() } ?? AlignedBytes(count: plan.byteCount)
  }

  /// Puts an image's codes where the first steps read them.
  func load(_ codes: [UInt8], into arena: AlignedBytes) {
    arena.of(UInt8.self).advanced(by: plan.offsets[0]).update(from: codes, count: codes.count)
  }

  /// Runs all steps on the image in `arena`.
  func runSteps(_ arena: AlignedBytes) { runSteps(arena, plan) }

  /// The output node's codes after a run.
  func outputCodes(in arena: AlignedBytes) -> [UInt8] {
    let start = arena.of(UInt8.self).advanced(by: plan.offsets[model.output])
    return Array(UnsafeBufferPointer(start: start, count: logitCount))
  }
}

private struct UncheckedPointer: @unchecked Sendable {
  let pointer: UnsafePointer<UInt8>?
  init(_ pointer: UnsafePointer<UInt8>?) { self.pointer = pointer }
}
