import Foundation
import Layers
import Tensors
import Testing

@Suite struct ReconstructionLossTests {
  static let sizes = [1, 15, 16, 17, 1023, 1024, 1025, 70_000]

  func samples(_ count: Int, seed: UInt64) -> Tensor {
    var random = RandomSource(seed: seed)
    return Tensor([count, 1], (0..<count).map { _ in random.normal() })
  }

  @Test(arguments: sizes, [Float(1), 2, 2.4, 4])
  func lossAndGradientFollowTheirDefinition(count: Int, power: Float) throws {
    let (y, target) = (samples(count, seed: 1), samples(count, seed: 2))
    let weight = Tensor([count, 1], samples(count, seed: 3).values.map { abs($0) })

    let (loss, gradient) = try Loss.reconstruction(target: target, power: power, weight: weight).value(of: y)

    var expected = 0.0
    for i in 0..<count {
      let d = Double(y[i]) - Double(target[i])
      expected += Double(weight[i]) * pow(abs(d), Double(power)) / Double(count)
      let slope =
        Double(power) * Double(weight[i]) * pow(abs(d), Double(power - 1)) * (d < 0 ? -1 : 1) / Double(count)
      #expect(abs(Double(gradient[i]) - slope) <= 1e-5 * abs(slope) + 1e-9)
    }
    #expect(abs(loss - expected) <= 1e-5 * expected)
  }

  @Test func channelsAreSummedAndPositionsAveraged() throws {
    let y = Tensor([2, 3, 3, 4], repeating: 2)

    let loss = try Loss.reconstruction(target: Tensor(zeros: y.shape)).value(of: y).loss

    #expect(abs(loss - 16) < 1e-5)
  }

  @Test func sharesOfABatchSumToItsLoss() throws {
    let (y, target) = (samples(30, seed: 7), samples(30, seed: 8))
    func part(_ x: Tensor, _ rows: Range<Int>) -> Tensor { Tensor([rows.count, 1], x.values[rows]) }

    let whole = try Loss.reconstruction(target: target).value(of: y)
    let parts = try [0..<7, 7..<30].map { rows in
      try Loss.reconstruction(target: part(target, rows), share: Float(rows.count) / 30)
        .value(of: part(y, rows))
    }

    #expect(abs(parts.reduce(0) { $0 + $1.loss } - whole.loss) < 1e-6 * whole.loss)
    for (got, expected) in zip(parts.flatMap(\.gradient.values), whole.gradient.values) {
      #expect(abs(got - expected) <= 1e-6 * abs(expected))
    }
  }

  @Test func threadsDoNotChangeABit() throws {
    let (y, target) = (samples(100_000, seed: 5), samples(100_000, seed: 6))

    let one = try Loss.reconstruction(target: target).value(of: y, execution: Execution(threads: 1))
    let two = try Loss.reconstruction(target: target).value(of: y, execution: Execution(threads: 2))

    #expect(one.loss == two.loss && one.gradient.values == two.gradient.values)
  }

  @Test func distillationIsZeroAtTheTargetAndItsGradientTheNumericOne() throws {
    let target = Tensor([2, 3], [1, -2, 0.5, 0, 3, 1])
    let scores = Tensor([2, 3], [0.2, 0.1, -1, 2, 2, -0.5])
    let loss = Loss.distillation(target: target)

    #expect(abs(try loss.value(of: target).loss) < 1e-7)
    let gradient = try loss.value(of: scores).gradient
    for i in 0..<scores.count {
      var (above, below) = (scores, scores)
      above[i] += 0.01
      below[i] -= 0.01
      let numeric = (try loss.value(of: above).loss - loss.value(of: below).loss) / 0.02
      #expect(abs(numeric - Double(gradient[i])) < 1e-4)
    }
  }

  @Test func shapesAndPowersThatDoNotFitAreErrors() throws {
    let y = Tensor(zeros: [2, 3])

    #expect(throws: LayerError.invalid("the target is 3x2, but the output is 2x3")) {
      try Loss.reconstruction(target: Tensor(zeros: [3, 2])).value(of: y)
    }
    #expect(throws: LayerError.invalid("the power of the loss is 5.0; choose 1 to 4")) {
      try Loss.reconstruction(target: y, power: 5).value(of: y)
    }
  }
}
