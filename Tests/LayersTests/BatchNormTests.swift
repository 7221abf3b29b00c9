import Layers
import Tensors
import Testing

@Suite struct BatchNormTests {
  static let channels = 5

  /// Channel `c` has mean `mean` and a deviation near `1 + c / 4`.
  static func input(mean: Float, images: Int = 37, seed: UInt64 = 4) -> Tensor {
    var random = RandomSource(seed: seed)
    let shape: Shape = [images, 9, 11, channels]
    return Tensor(shape, (0..<shape.count).map { mean + (1 + Float($0 % channels) / 4) * random.normal() })
  }

  /// Mean and biased variance per channel by two passes in double.
  static func statistics(_ x: Tensor) -> (mean: [Double], variance: [Double]) {
    let rows = Double(x.count / channels)
    var mean = [Double](repeating: 0, count: channels), variance = mean
    for (i, value) in x.values.enumerated() { mean[i % channels] += Double(value) / rows }
    for (i, value) in x.values.enumerated() {
      let difference = Double(value) - mean[i % channels]
      variance[i % channels] += difference * difference / rows
    }
    return (mean, variance)
  }

  static func values(_ random: inout RandomSource) -> [Tensor] {
    (0..<4).map { _ in Tensor([channels], (0..<channels).map { _ in 0.5 + random.uniform() }) }
  }

  @Test(arguments: [0, 10, 1e3, 1e4, -1e4] as [Float])
  func varianceHoldsFarFromZero(mean: Float) throws {
    let x = Self.input(mean: mean)
    let expected = Self.statistics(x)
    var random = RandomSource(seed: 2)
    let values = Self.values(&random)
    let layer = BatchNorm(channels: Self.channels, momentum: 1)

    let output = try layer.forward([x], values, LayerPass(mode: .training, execution: Execution(threads: 2)))

    let inverse = expected.variance.map { 1 / ($0 + Double(layer.epsilon)).squareRoot() }
    var worst = 0.0
    for i in 0..<x.count {
      let c = i % Self.channels
      let normal = (Double(x[i]) - expected.mean[c]) * inverse[c]
      worst = max(worst, abs(Double(output.output[i]) - normal * Double(values[0][c]) - Double(values[1][c])))
    }
    #expect(worst <= 2e-5)
    let rows = Double(x.count / Self.channels)
    let variance = try #require(output.updatedBuffers["running_var"])
    for c in 0..<Self.channels {
      let unbiased = expected.variance[c] * rows / (rows - 1)
      #expect(abs(Double(variance[c]) / unbiased - 1) <= 1e-5)
    }
  }

  @Test(arguments: [0, 10, 1e3, 1e4] as [Float])
  func adjointHoldsFarFromZero(mean: Float) throws {
    let x = Self.input(mean: mean)
    let (means, variance) = Self.statistics(x)
    var random = RandomSource(seed: 8)
    let values = Self.values(&random)
    let dy = Tensor(x.shape, (0..<x.count).map { _ in random.normal() })
    let layer = BatchNorm(channels: Self.channels)
    let pass = LayerPass(mode: .training, execution: Execution(threads: 2))
    let saved = try layer.forward([x], values, pass)

    let result = try layer.backward(dy, inputs: [x], parameters: values, saved: saved, pass)

    let rows = Double(x.count / Self.channels)
    let inverse = variance.map { 1 / ($0 + Double(layer.epsilon)).squareRoot() }
    func normal(_ i: Int) -> Double {
      (Double(x[i]) - means[i % Self.channels]) * inverse[i % Self.channels]
    }
    var sum = [Double](repeating: 0, count: Self.channels), product = sum
    for i in 0..<x.count {
      sum[i % Self.channels] += Double(dy[i]) / rows
      product[i % Self.channels] += Double(dy[i]) * normal(i) / rows
    }
    let dx = try #require(result.inputs[0])
    var worst = 0.0
    for i in 0..<x.count {
      let c = i % Self.channels
      let expected = Double(values[0][c]) * inverse[c] * (Double(dy[i]) - sum[c] - normal(i) * product[c])
      worst = max(worst, abs(Double(dx[i]) - expected))
    }
    #expect(worst <= 2e-5)
  }

  @Test func inferenceUsesTheRunningStatistics() throws {
    let x = Self.input(mean: 3, images: 2)
    var random = RandomSource(seed: 5)
    let values = Self.values(&random)
    let layer = BatchNorm(channels: Self.channels)

    let output = try layer.forward([x], values, LayerPass(mode: .inference, execution: Execution()))

    #expect(output.updatedBuffers.isEmpty)
    for i in 0..<x.count {
      let (weight, bias, mean, variance) = (
        values[0][i % Self.channels], values[1][i % Self.channels], values[2][i % Self.channels],
        values[3][i % Self.channels]
      )
      let inverse = 1 / (Double(variance) + Double(layer.epsilon)).squareRoot()
      let expected = Double(weight) * (Double(x[i]) - Double(mean)) * inverse + Double(bias)
      #expect(abs(Double(output.output[i]) - expected) <= 1e-5 * max(1, abs(expected)))
    }
  }

  @Test(arguments: [0, 0.1, 1] as [Float])
  func runningStatisticsMoveByTheMomentum(momentum: Float) throws {
    let x = Self.input(mean: -2, images: 3)
    let batch = Self.statistics(x)
    var random = RandomSource(seed: 6)
    let values = Self.values(&random)
    let layer = BatchNorm(channels: Self.channels, momentum: momentum)

    let pass = LayerPass(mode: .training, execution: Execution())
    let buffers = try layer.forward([x], values, pass).updatedBuffers

    let rows = Double(x.count / Self.channels)
    let mean = try #require(buffers["running_mean"]), variance = try #require(buffers["running_var"])
    for c in 0..<Self.channels {
      let share = Double(momentum)
      let expectedMean = (1 - share) * Double(values[2][c]) + share * batch.mean[c]
      let expectedVariance =
        (1 - share) * Double(values[3][c]) + share * batch.variance[c] * rows / (rows - 1)
      #expect(abs(Double(mean[c]) - expectedMean) <= 1e-5)
      #expect(abs(Double(variance[c]) - expectedVariance) <= 1e-5 * max(1, expectedVariance))
    }
  }
}
