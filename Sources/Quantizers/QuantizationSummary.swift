import Layers
public import Tensors

/// What a quantized model's weights and activations cost.
public struct QuantizationSummary: Sendable {
  /// One weight or one node's output.
  public struct Row: Sendable {
    /// Parameter key or node name.
    public let key: String
    /// Why it has its specification.
    public let role: QuantizationPlan.Role
    /// The most levels of a group.
    public let levels: Int
    /// Bits per value.
    public let storage: StorageReport
  }

  /// Weights in the order of the graph.
  public let weights: [Row]
  /// Node outputs for one image, in the order of the graph.
  public let activations: [Row]

  /// All weights, weighted by their values.
  public var weightStorage: StorageReport? { .mean(of: weights.map(\.storage)) }
  /// All node outputs, weighted by their values.
  public var activationStorage: StorageReport? { .mean(of: activations.map(\.storage)) }
}

extension QuantizedModel {
  /// Counts the bits of every quantized tensor.
  ///
  /// - Throws: ``QuantizationError`` when a grid does not fit its weight.
  public func summary(execution: Execution = Execution()) throws -> QuantizationSummary {
    let weights = try plan.weights.compactMap { place -> QuantizationSummary.Row? in
      guard let grid = weightGrids[place.key], let weight = model.parameters[place.key] else { return nil }
      return QuantizationSummary.Row(
        key: place.key, role: place.role, levels: grid.largestLevelCount,
        storage: try grid.storage(of: weight, execution: execution))
    }
    let activations = plan.activations.compactMap { place -> QuantizationSummary.Row? in
      guard let grid = activationGrids[place.key], let storage = activationStorage[place.key] else {
        return nil
      }
      return QuantizationSummary.Row(
        key: place.key, role: place.role, levels: grid.largestLevelCount, storage: storage)
    }
    return QuantizationSummary(weights: weights, activations: activations)
  }

  /// The bytes of all parameters: codes as packed with their scales, FP32 for biases and unquantized weights.
  ///
  /// - Throws: ``QuantizationError`` when a grid does not fit its weight.
  public func packedByteCount(execution: Execution = Execution()) throws -> Int {
    try model.parameters.sorted { $0.key < $1.key }.reduce(0) { sum, parameter in
      guard let grid = weightGrids[parameter.key] else { return sum + 4 * parameter.value.count }
      return sum + (try grid.storage(of: parameter.value, execution: execution).byteCount)
    }
  }
}

extension QuantizationGrid {
  /// The most levels of a group.
  public var largestLevelCount: Int { (0..<groupCount).map { levels(group: $0).count }.max() ?? 0 }
}
