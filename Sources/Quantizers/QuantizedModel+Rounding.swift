import Layers
public import Tensors

extension QuantizedModel {
  /// Returns the model with each planned weight on the neighbouring level that `choose` picks.
  ///
  /// - Parameter choose: Gets a weight and its neighbours, gives a tensor of the weight's shape: from 0.5 the upper level.
  /// - Throws: ``QuantizationError`` naming the weight; what `choose` throws.
  public func rounding(
    _ choose: (_ weight: Tensor, _ neighbours: LevelNeighbours) throws -> Tensor
  ) throws -> QuantizedModel {
    var result = self
    for place in plan.weights {
      guard let weight = model.parameters[place.key], let grid = weightGrids[place.key] else {
        throw QuantizationError.unknown("there is no grid for '\(place.key)'; quantize the model first")
      }
      let neighbours = try grid.neighbours(of: weight)
      let choice = try choose(weight, neighbours)
      result.model.parameters[place.key] = Tensor(weight.shape) { target in
        for i in target.indices { target[i] = choice[i] >= 0.5 ? neighbours.upper[i] : neighbours.lower[i] }
      }
    }
    return result
  }

  /// Whether every planned weight lies on a level, up to rounding of FP32.
  ///
  /// - Throws: ``QuantizationError`` when a weight does not fit its grid.
  public func hasWeightsOnLevels(execution: Execution = Execution()) throws -> Bool {
    for (key, grid) in weightGrids {
      guard let weight = model.parameters[key] else { continue }
      let rounded = try grid.fakeQuantized(weight, execution: execution).values
      let largest = rounded.reduce(0) { max($0, abs($1)) }
      guard zip(rounded, weight.values).allSatisfy({ abs($0 - $1) <= 1e-5 * largest }) else { return false }
    }
    return true
  }
}
