import Tensors

extension IntegerEngine {
  /// Makes the steps of a model, in the order of its nodes; the input has none.
  static func prepare(_ model: IntegerModel) throws(InferenceError) -> [(any IntegerStep)?] {
    guard model.nodes.indices.contains(model.output), model.nodes.first?.operation == .input else {
      throw .content("a model begins with its input and has an output; found \(model.nodes.count) nodes")
    }
    var steps: [(any IntegerStep)?] = []
    for (index, node) in model.nodes.enumerated() {
      guard node.inputs.allSatisfy((0..<index).contains), index == 0 || node.operation != .input,
        index == 0 || !node.inputs.isEmpty
      else {
        throw .shape(node: node.name, "it reads nodes \(node.inputs), which do not come before node \(index)")
      }
      let context = StepContext(node: node, inputs: node.inputs.map { model.nodes[$0] })
      try check(context, isOutput: index == model.output)
      steps.append(try step(context))
    }
    return steps
  }

  /// Plans the memory of one image.
  static func plan(_ model: IntegerModel, _ steps: [(any IntegerStep)?], reuse: MemoryPlan.Reuse)
    -> MemoryPlan
  {
    var lastUse = model.nodes.indices.map { $0 }
    for (index, node) in model.nodes.enumerated() {
      for input in node.inputs { lastUse[input] = index }
    }
    lastUse[model.output] = model.nodes.count
    let sizes = model.nodes.map { $0.shape.count * ($0.isWide ? MemoryLayout<Int32>.stride : 1) }
    let scratch = steps.reduce(0) { max($0, $1?.scratchBytes ?? 0) }
    return MemoryPlan(sizes: sizes, lastUse: lastUse, scratchBytes: scratch, reuse: reuse)
      .connected(model.nodes.map(\.inputs))
  }

  private static func check(_ context: StepContext, isOutput: Bool) throws(InferenceError) {
    let grid = context.node.grid
    guard ([context.node] + context.inputs).allSatisfy({ $0.shape.rank > 0 && $0.shape.count < 1 << 31 })
    else {
      throw context.shapeError("shape \(context.node.shape) is neither an image nor a vector")
    }
    if context.node.isWide && !isOutput {
      throw context.shapeError("only the output node may give 32-bit logits")
    }
    if !context.node.isWide {
      guard grid.levels <= 256 else { throw .tooManyLevels(node: context.node.name, levels: grid.levels) }
      guard (0...255).contains(grid.zeroPoint), grid.scale > 0, grid.scale.isFinite, grid.levels > 1 else {
        throw .unsupportedGrid(
          node: context.node.name,
          grid: "a grid of scale \(grid.scale), zero point \(grid.zeroPoint) and \(grid.levels) levels")
      }
    }
  }

  private static func step(_ context: StepContext) throws(InferenceError) -> (any IntegerStep)? {
    switch context.node.operation {
    case .input: nil
    case .convolution(let layer): try ConvolutionStep(layer, context)
    case .add(let addition): try AdditionStep(addition, context)
    case .multiply(let scale, let range, let headroom):
      try MultiplicationStep(scale, range, headroom: headroom, context)
    case .averagePool(let window, let scale): try AveragePoolStep(window, scale, context)
    case .maxPool(let window): try MaxPoolStep(window, context)
    case .concatenate(let tables): try ConcatenationStep(tables, context)
    case .slice(let first):
      try ChannelStep((0..<context.node.shape[-1]).map { first &+ $0 }, context)
    case .permuteChannels(let order): try ChannelStep(order, context)
    case .reshape: try ReshapeStep(context)
    case .pad(let top, let left, let front, let code):
      try PaddingStep(from: [top, left, front], code: code, context)
    case .table(let table): try TableStep(table, context)
    }
  }
}

extension IntegerNode {
  /// Whether the output is 32-bit logits instead of codes.
  public var isWide: Bool {
    if case .convolution(let layer) = operation { layer.isWide } else { false }
  }
}
