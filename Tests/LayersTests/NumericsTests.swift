import Layers
import Tensors
import Testing

@Suite struct NumericsTests {
  /// The variance must not cancel when the mean is far larger than the spread.
  @Test(arguments: [0, 10, 1000, 10_000] as [Float])
  func batchNormNormalisesFarFromZero(mean: Float) throws {
    var random = RandomSource(seed: 4)
    let values = (0..<4096 * 3).map { _ in mean + random.uniform() }
    let layer = BatchNorm(channels: 3, epsilon: 1e-12)
    let parameters = layer.parameters.map { $0.initialValue }
    let pass = LayerPass(mode: .training, execution: Execution())

    let output = try layer.forward([Tensor([64, 8, 8, 3], values)], parameters, pass).output

    // Inputs carry half an ulp of the mean; relative to the deviation 0.29 of a uniform number that is:
    let tolerance = 2 * Double(mean.ulp) / 0.29 + 1e-4
    for c in 0..<3 {
      let channel = stride(from: c, to: output.count, by: 3).map { Double(output[$0]) }
      let average = channel.reduce(0, +) / Double(channel.count)
      let square = channel.reduce(0) { $0 + $1 * $1 } / Double(channel.count)
      #expect(abs(average) < tolerance)
      #expect(abs(square - 1) < 2 * tolerance)
    }
  }

  @Test(arguments: ["relu", "relu6", "hard_swish"])
  func activationsPassNaNOn(kind: String) throws {
    let layer = try LayerCatalogue.entry(kind).layer([:], inputs: [[3]])
    let pass = LayerPass(mode: .inference, execution: Execution())

    let output = try layer.forward([Tensor([1, 3], [.nan, -1, 9])], [], pass).output

    #expect(output[0].isNaN)
    #expect(output[2] == (kind == "relu6" ? 6 : 9))
  }

  @Test func crossEntropyOfAHopelessScoreIsNotCapped() throws {
    let (loss, gradient) = try Loss.softmaxCrossEntropy(labels: [0]).value(of: Tensor([1, 2], [-500, 500]))

    #expect(abs(loss - 1000) < 1e-9)
    #expect(gradient.values == [-1, 1])
  }

  @Test(arguments: [0, 0.1] as [Float])
  func crossEntropyGradientMatchesDifferences(smoothing: Float) throws {
    let scores = Tensor([2, 3], [0.3, -1, 2, 0.5, 0.25, -0.75])
    let loss = Loss.softmaxCrossEntropy(labels: [2, 0], smoothing: smoothing)

    let gradient = try loss.value(of: scores).gradient

    for i in 0..<6 {
      var above = scores
      var below = scores
      above[i] += 0.01
      below[i] -= 0.01
      let numeric = (try loss.value(of: above).loss - loss.value(of: below).loss) / 0.02
      #expect(abs(numeric - Double(gradient[i])) < 1e-4)
    }
  }

  @Test func nesterovStepFollowsItsRecurrence() throws {
    var optimizer = SGD(learningRate: 0.5, momentum: 0.9, nesterov: true, weightDecay: 0.1)
    var parameters = ["w": Tensor([1], [2])]
    var (weight, velocity) = (2.0, 0.0)
    for gradient in [1.0, -0.5, 0.25] {
      try optimizer.step(
        &parameters, gradients: ["w": Tensor([1], [Float(gradient)])], scale: 0.5, decays: { _ in true },
        execution: Execution())
      let g = gradient + 0.1 * weight
      velocity = 0.9 * velocity + g
      weight -= 0.25 * (g + 0.9 * velocity)
    }

    #expect(abs(Double(parameters["w"]?[0] ?? .nan) - weight) < 1e-6)
  }

  @Test func adamStepFollowsItsRecurrence() throws {
    var optimizer = Adam(learningRate: 0.01)
    var parameters = ["w": Tensor([1], [1])]
    var (weight, first, second) = (1.0, 0.0, 0.0)
    for (t, gradient) in [0.3, -0.2, 0.9].enumerated() {
      try optimizer.step(
        &parameters, gradients: ["w": Tensor([1], [Float(gradient)])], scale: 1, decays: { _ in false },
        execution: Execution())
      first = 0.9 * first + 0.1 * gradient
      second = 0.999 * second + 0.001 * gradient * gradient
      let (c1, c2) = (1 - power(0.9, t + 1), 1 - power(0.999, t + 1))
      weight -= 0.01 * (first / c1) / ((second / c2).squareRoot() + 1e-8)
    }

    #expect(abs(Double(parameters["w"]?[0] ?? .nan) - weight) < 1e-6)
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }

  @Test func schedulesFallAsTheyShould() {
    let cosine = LearningRateSchedule(.cosine, warmupEpochs: 2)
    #expect(cosine.factor(epoch: 1, of: 10) == 0.5)
    #expect(cosine.factor(epoch: 2, of: 10) == 1)
    #expect(abs(cosine.factor(epoch: 6, of: 10) - 0.5) < 1e-12)
    #expect(abs(cosine.factor(epoch: 10, of: 10)) < 1e-12)
    let step = LearningRateSchedule(.step(epochs: [3, 6], factor: 0.1))
    #expect([0, 3, 7].map { step.factor(epoch: $0, of: 9) } == [1, 0.1, 0.1 * 0.1])
  }

  @Test func augmentedImagesAreShiftsAndMirrorsOfTheOriginal() {
    var random = RandomSource(seed: 2)
    let image = Tensor([1, 5, 4, 1], (1...20).map(Float.init))
    let batch = Tensor([16, 5, 4, 1], (0..<16).flatMap { _ in image.values })

    let result = Augmentation(crop: 1, flip: true).applied(to: batch, random: &random)

    for n in 0..<16 {
      let values = result.rows(n..<n + 1).values
      let isKnown = (-1...1).contains { dy in
        (-1...1).contains { dx in [false, true].contains { moved(image, dy, dx, mirrored: $0) == values } }
      }
      #expect(isKnown)
    }
  }

  private func moved(_ image: Tensor, _ dy: Int, _ dx: Int, mirrored: Bool) -> [Float] {
    (0..<20).map { i in
      let (y, x) = (i / 4 + dy, (mirrored ? 3 - i % 4 : i % 4) + dx)
      return (0..<5).contains(y) && (0..<4).contains(x) ? image[y * 4 + x] : 0
    }
  }
}
