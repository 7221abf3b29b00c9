import Layers
import Quantizers
import Synchronization
import Tensors

/// What parts of a step's batch gave.
struct PartGradients {
  var loss = 0.0
  /// With respect to the weights as they are rounded, and biases.
  var gradients: [String: Tensor] = [:]
  /// With respect to the logarithms of the factors of activation ranges: for each network and each of its nodes by name.
  var ranges: [[Double]] = []

  /// Adds what another part gave.
  mutating func add(_ other: PartGradients) {
    loss += other.loss
    gradients.merge(other.gradients) { Tensor.elementwise($0, "+", $1) }
    if ranges.isEmpty {
      ranges = other.ranges
    } else {
      for (place, factors) in other.ranges.enumerated() {
        for group in factors.indices { ranges[place][group] += factors[group] }
      }
    }
  }
}

/// Sums what parts give in their order, whichever is first: the same bits for any number of threads.
final class OrderedSum: Sendable {
  private struct State {
    var total = PartGradients()
    var waiting: [PartGradients?]
    var next = 0
  }
  private let state: Mutex<State>

  init(count: Int) { state = Mutex(State(waiting: [PartGradients?](repeating: nil, count: count))) }

  /// Adds a part, and those behind it that waited for it.
  func add(_ part: PartGradients, at place: Int) {
    state.withLock { state in
      state.waiting[place] = part
      while state.next < state.waiting.count, let part = state.waiting[state.next].take() {
        state.total.add(part)
        state.next += 1
      }
    }
  }

  var total: PartGradients { state.withLock { $0.total } }
}

extension Dictionary where Key == String {
  /// The values in the order of their keys.
  var sortedValues: [Value] { sorted { $0.key < $1.key }.map(\.value) }
}

/// A unit with its weights as the variables round them in a step, and the way back from their gradients.
struct RoundedWeights {
  let model: Model
  private let transforms: [String: any TensorTransform]
  private let ranges: [(range: LearnedRange, pass: RangePass)]

  init(
    _ variables: Model, _ softRoundings: [String: SoftRounding], _ weightRanges: [String: LearnedRange],
    _ execution: Execution
  ) throws {
    let passes = weightRanges.mapValues { ($0, $0.pass()) }
    ranges = passes.map { (range: $0.value.0, pass: $0.value.1) }
    transforms = (softRoundings as [String: any TensorTransform]).merging(passes.mapValues(\.1)) { $1 }
    var model = variables
    for (key, transform) in transforms {
      guard let variable = variables.parameters[key] else { continue }
      model.parameters[key] = try transform.apply(to: variable, execution: execution)
    }
    self.model = model
  }

  /// Gradients with respect to the variables; adds those of learned ranges to them.
  func adjoint(
    _ gradients: [String: Tensor], at variables: Model, _ execution: Execution
  ) throws -> [String: Tensor] {
    var result = gradients
    for (key, transform) in transforms {
      guard let gradient = gradients[key], let variable = variables.parameters[key] else { continue }
      result[key] = try transform.adjoint(gradient, at: variable, execution: execution)
    }
    for (range, pass) in ranges { range.add(logFactors: pass.logFactors) }
    return result
  }
}
