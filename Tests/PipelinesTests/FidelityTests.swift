import Foundation
import Interchange
import Layers
import Pipelines
import Quantizers
import Tensors
import Testing

@Suite struct FidelityTests {
  @Test func aNetworkIsCloseToItself() throws {
    let (data, model) = (try TrainingTests.dataset(40), try TrainingTests.model())

    let found = try model.fidelity(to: model, on: data, execution: Execution())

    #expect(found.sqnr == .infinity && found.kl == 0 && found.agreement == 100)
    #expect(found.labelled?.lossIncrease == 0 && found.labelled?.top1Drop == 0)
    let evaluated = try model.evaluated(on: data, execution: Execution())
    #expect(found.labelled?.top1 == evaluated.top1)
  }

  @Test func itIsWhatTheFormulasSay() throws {
    let (data, model) = (try TrainingTests.dataset(23), try TrainingTests.model())
    var other = model
    other.parameters["head.weight"] = try #require(model.parameters["head.weight"]).scaledAndShifted(
      0.7, 0.01)
    var options = EvaluationOptions()
    options.batchSize = 7

    let found = try other.fidelity(to: model, on: data, options: options, execution: Execution())

    let images = try data.batch(Array(0..<23)).images
    let z = try model.forward(images, execution: Execution()).values.map(Double.init)
    let q = try other.forward(images, execution: Execution()).values.map(Double.init)
    let noise = zip(z, q).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let signal = z.reduce(0) { $0 + $1 * $1 }
    #expect(abs(found.sqnr - 10 * log10(signal / noise)) < 1e-4)
    var (kl, loss) = (0.0, 0.0)
    for row in 0..<23 {
      let (a, b) = (softmax(z[2 * row..<2 * row + 2]), softmax(q[2 * row..<2 * row + 2]))
      kl += zip(a, b).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) } / 23
      loss -= log(b[data.label(row)]) / 23
    }
    #expect(abs(found.kl - kl) < 1e-6)
    #expect(abs(try #require(found.labelled).loss - loss) < 1e-6)
  }

  @Test func fewerBitsAreFurtherAway() throws {
    let (data, model) = (try TrainingTests.dataset(64), try TrainingTests.model())
    let found = try [2, 4, 8].map { bits in
      let grid = GridSpecification(bits: bits, group: .channel(axis: 0))
      let quantized = try QuantizedModel.quantizing(
        model, QuantizationOptions(weights: grid, activations: nil, firstLast: nil),
        calibration: Tensor(zeros: [0, 6, 6, 1]))
      return try quantized.fidelity(to: model, on: data, execution: Execution())
    }
    #expect(found[0].sqnr < found[1].sqnr && found[1].sqnr < found[2].sqnr)
    #expect(found[0].kl > found[1].kl && found[1].kl > found[2].kl)
  }

  private func softmax(_ scores: ArraySlice<Double>) -> [Double] {
    let sum = scores.reduce(0) { $0 + exp($1) }
    return scores.map { exp($0) / sum }
  }
}

extension Tensor {
  fileprivate func scaledAndShifted(_ scale: Float, _ shift: Float) -> Tensor {
    .elementwise(self, scale: scale, shift: shift)
  }
}
