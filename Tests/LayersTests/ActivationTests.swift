import Foundation
import Layers
import Tensors
import Testing

@Suite struct ActivationTests {
  static let layers: [any Layer] = [
    ReLU(), ReLU6(), HardSwish(), HardSigmoid(slope: 0.25, offset: 0.5), clip, Sigmoid(),
  ]

  /// The bounds are in order.
  static var clip: any Layer { (try? Clip(low: -1.5, high: 2)) ?? ReLU() }

  /// Enough values for full vectors and a rest.
  static let values: [Float] = (0..<67).map { $0 % 9 == 4 ? .nan : Float($0 - 33) / 4 }

  @Test(arguments: 0..<6)
  func notANumberStaysSo(which: Int) throws {
    let x = Tensor([1, Self.values.count], Self.values)
    let pass = LayerPass(mode: .inference, execution: Execution())

    let y = try Self.layers[which].forward([x], [], pass).output

    for i in 0..<x.count { #expect(y[i].isNaN == x[i].isNaN) }
  }

  @Test func valuesEqualTheDefinitionsExactly() throws {
    let definitions: [(Float) -> Float] = [
      { $0 <= 0 ? 0 : $0 }, { $0 <= 0 ? 0 : min($0, 6) }, { $0 * min(max($0 + 3, 0), 6) / 6 },
      { min(max(0.25 * $0 + 0.5, 0), 1) }, { min(max($0, -1.5), 2) },
    ]
    let finite = Self.values.filter { !$0.isNaN } + [.infinity, -0.0, 3, -3, 6]
    let pass = LayerPass(mode: .inference, execution: Execution())
    for (layer, definition) in zip(Self.layers, definitions) {
      let y = try layer.forward([Tensor([1, finite.count], finite)], [], pass).output
      #expect(y.values == finite.map(definition))
    }
  }

  /// Rows from far below to far above 0, where the exponential of a naive formula overflows.
  @Test func sigmoidAndSoftmaxKeepTheirPrecision() throws {
    let values: [Float] = (-100...100).map { Float($0) } + [-1e30, 1e30, -.infinity, .infinity, 0x1p-20]
    let pass = LayerPass(mode: .inference, execution: Execution(threads: 2))

    let sigmoid = try Sigmoid().forward([Tensor([1, values.count], values)], [], pass).output
    let pairs = Tensor([values.count, 2], values.flatMap { [$0, 0] as [Float] })
    let softmax = try Softmax().forward([pairs], [], pass).output

    for (i, x) in values.enumerated() {
      let exact = 1 / (1 + exp(-Double(x)))
      // Below -88 the exponential is cut off: the result is then below the least normal number.
      #expect(abs(Double(sigmoid[i]) - exact) <= 3 * 0x1p-24 * exact + 1e-38)
      guard x.isFinite else { continue }
      #expect(abs(Double(softmax[2 * i]) - exact) <= 4 * 0x1p-24 * exact + 2e-38)
      #expect(abs(softmax[2 * i] + softmax[2 * i + 1] - 1) <= 0x1p-22)
    }
  }

  @Test func clipNeedsItsBoundsInOrder() {
    #expect(
      throws: LayerError.invalid("the low bound 2.0 must be below the high bound 2.0. Swap them.")
    ) { try Clip(low: 2, high: 2) }
  }
}
