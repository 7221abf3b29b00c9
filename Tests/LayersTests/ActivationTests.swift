import Layers
import Tensors
import Testing

@Suite struct ActivationTests {
  static let layers: [any Layer] = [ReLU(), ReLU6(), HardSwish()]

  /// Enough values for full vectors and a rest.
  static let values: [Float] = (0..<67).map { $0 % 9 == 4 ? .nan : Float($0 - 33) / 4 }

  @Test(arguments: 0..<3)
  func notANumberStaysSo(which: Int) throws {
    let x = Tensor([1, Self.values.count], Self.values)
    let pass = LayerPass(mode: .inference, execution: Execution())

    let y = try Self.layers[which].forward([x], [], pass).output

    for i in 0..<x.count { #expect(y[i].isNaN == x[i].isNaN) }
  }

  @Test func valuesEqualTheDefinitionsExactly() throws {
    let definitions: [(Float) -> Float] = [
      { $0 <= 0 ? 0 : $0 }, { $0 <= 0 ? 0 : min($0, 6) }, { $0 * min(max($0 + 3, 0), 6) / 6 },
    ]
    let finite = Self.values.filter { !$0.isNaN } + [.infinity, -0.0, 3, -3, 6]
    let pass = LayerPass(mode: .inference, execution: Execution())
    for (layer, definition) in zip(Self.layers, definitions) {
      let y = try layer.forward([Tensor([1, finite.count], finite)], [], pass).output
      #expect(y.values == finite.map(definition))
    }
  }
}
