import LuaRuntime
import Quantizers
import Tensors

/// A granularity whose codes and values a plugin computes with tensors.
struct PluginRecipe: GridRecipe {
  let bound: BoundPlugin
  let group: GroupMap

  init(_ bound: BoundPlugin, group: GroupMap) {
    self.bound = bound
    self.group = group
  }

  /// The plugin's option of that name, 8 without one.
  var bits: Int { bound.options["bits"]?.integer ?? 8 }

  func validate() throws(QuantizationError) {
    guard group == .tensor else {
      throw .incompatible(
        "granularity '\(bound.plugin.name)' computes its codes itself, over the whole tensor; leave the option 'group' out"
      )
    }
  }

  /// Lets the plugin fit its levels.
  func grid(for x: Tensor, execution: Execution) throws -> any QuantizationGrid {
    try GridSpecification.checkValues(x, execution: execution)
    let state = try bound.plugin.call("fit", [.object(TensorObject(x)), bound.options])[0]
    guard let levels = state["levels"]?.finiteNumbers, !levels.isEmpty,
      zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw bound.plugin.wrong(
        "fit", state["levels"] ?? state, "a table with 'levels', a rising list of finite numbers")
    }
    return PluginGrid(
      bound: bound, state: BoundState(value: state), levels: try Codebook(levels: [levels.map(Float.init)]),
      factor: 1)
  }
}

/// What a plugin's `fit` returned; only its own functions look into it.
struct BoundState: @unchecked Sendable { let value: LuaValue }

/// A grid whose codes, values and gradient a plugin computes; its levels tell the rest.
struct PluginGrid: QuantizationGrid {
  let bound: BoundPlugin
  let state: BoundState
  /// The levels, scaled.
  private let levels: Codebook
  private let factor: Float

  init(bound: BoundPlugin, state: BoundState, levels: Codebook, factor: Float) {
    self.bound = bound
    self.state = state
    self.levels = levels
    self.factor = factor
  }

  var groupCount: Int { 1 }
  var group: GroupMap { .tensor }
  var quantizesPartsApart: Bool { false }
  func bounds(group: Int) -> ValueRange { levels.bounds(group: group) }
  func levels(group: Int) -> [Float] { levels.levels(group: group) }
  func neighbours(of x: Tensor) throws -> LevelNeighbours { try levels.neighbours(of: x) }
  func roundingLevels(of shape: Shape) throws -> RoundingLevels { try levels.roundingLevels(of: shape) }

  func scaled(by factors: [Float]) -> PluginGrid {
    PluginGrid(bound: bound, state: state, levels: levels.scaled(by: factors), factor: factor * factors[0])
  }

  func quantize(_ x: Tensor, execution: Execution) throws -> GridCodes {
    let codes = try tensor("quantize", [x.scaled(1 / factor)], shape: x.shape)
    let count = Float(levels.levels(group: 0).count)
    let all = codes.values
    guard let bad = all.first(where: { !($0 >= 0 && $0 < count && $0 == $0.rounded()) }) else {
      return GridCodes(shape: x.shape, codes: all.map { UInt8($0) }, blockIntervals: [])
    }
    throw bound.plugin.wrong(
      "quantize", .number(Double(bad)),
      "whole codes in 0 ... \(Int(count) - 1), as there are \(Int(count)) levels")
  }

  func dequantize(_ codes: GridCodes) throws -> Tensor {
    try tensor("dequantize", [Tensor(codes.shape, codes.codes.map { Float($0) })], shape: codes.shape).scaled(
      factor)
  }

  func fakeQuantized(_ x: Tensor, execution: Execution) throws -> Tensor {
    try dequantize(quantize(x, execution: execution))
  }

  func adjoint(_ gradient: Tensor, at x: Tensor, execution: Execution) throws -> Tensor {
    guard bound.plugin.function("backward") != nil else {
      return try levels.adjoint(gradient, at: x, execution: execution)
    }
    return try tensor("backward", [gradient, x.scaled(1 / factor)], shape: x.shape)
  }

  func rangeAdjoint(_ gradient: Tensor, at x: Tensor, output y: Tensor, execution: Execution) throws
    -> RangeGradient
  {
    try levels.rangeAdjoint(gradient, at: x, output: y, execution: execution)
  }

  func storage(of x: Tensor, execution: Execution) throws -> StorageReport {
    try levels.storage(of: fakeQuantized(x, execution: execution), execution: execution)
  }

  /// Calls a function of the plugin with tensors and the state; it must give a tensor of a shape.
  private func tensor(_ name: String, _ arguments: [Tensor], shape: Shape) throws -> Tensor {
    let values = arguments.map { LuaValue.object(TensorObject($0)) } + [state.value]
    return try bound.plugin.tensor(name, values, shape: shape)
  }
}

extension Plugin {
  /// Calls a function that must return a tensor of a shape, with finite values.
  func tensor(_ name: String, _ arguments: [LuaValue], shape: Shape) throws -> Tensor {
    let value = try call(name, arguments)[0]
    guard case .object(let object) = value, let result = (object as? TensorObject)?.value else {
      throw wrong(name, value, "a tensor \(shape)")
    }
    guard result.shape == shape else {
      throw wrong(name, .string("a tensor \(result.shape)"), "one of \(shape)")
    }
    if let bad = result.values.firstIndex(where: { !$0.isFinite }) {
      throw wrong(name, .number(Double(result[bad])), "finite values; this one is at index \(bad + 1)")
    }
    return result
  }
}

extension Tensor {
  fileprivate func scaled(_ factor: Float) -> Tensor {
    factor == 1 ? self : .elementwise(self, scale: factor, shift: 0)
  }
}

/// What a gradient plugin passes back.
struct PluginGradient: GradientRule {
  let bound: BoundPlugin

  func gradient(_ gradient: Tensor, at x: Tensor, output y: Tensor) throws -> Tensor {
    let values = [gradient, x, y].map { LuaValue.object(TensorObject($0)) }
    return try bound.plugin.tensor("backward", values + [bound.options], shape: x.shape)
  }
}
