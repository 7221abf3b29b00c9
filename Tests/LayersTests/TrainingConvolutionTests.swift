import Tensors
import Testing

@testable import Layers

/// A 3x3 convolution of stride 1, which training passes compute with fewer multiplications than the definition.
struct SquareKernelCase: Sendable, CustomStringConvertible {
  let height: Int, width: Int, channels: Int, filters: Int, padding: [Int], batch: Int
  /// Whether minimal filtering suits it.
  var isFiltered = true
  var hasBias = true
  var description: String {
    "\(batch) images \(height)x\(width)x\(channels) -> \(filters), padding \(padding)"
  }

  static let all: [SquareKernelCase] = [
    .init(height: 8, width: 8, channels: 16, filters: 16, padding: [1, 1, 1, 1], batch: 1),
    .init(height: 9, width: 7, channels: 32, filters: 8, padding: [1, 1, 1, 1], batch: 19),
    .init(height: 10, width: 6, channels: 16, filters: 24, padding: [0, 0, 0, 0], batch: 2),
    .init(height: 6, width: 10, channels: 8, filters: 32, padding: [2, 2, 2, 2], batch: 3),
    .init(height: 11, width: 13, channels: 16, filters: 16, padding: [2, 0, 0, 1], batch: 17),
    .init(height: 7, width: 7, channels: 40, filters: 32, padding: [1, 1, 1, 1], batch: 9),
    .init(height: 33, width: 70, channels: 16, filters: 16, padding: [1, 1, 1, 1], batch: 3),
    .init(height: 3, width: 3, channels: 16, filters: 16, padding: [1, 1, 1, 1], batch: 2),
    .init(
      height: 2, width: 4, channels: 16, filters: 16, padding: [1, 1, 1, 1], batch: 5, hasBias: false),
    // Tap by tap: few channels, odd ones, wide padding, small images, few tiles for so many channels.
    .init(height: 8, width: 8, channels: 8, filters: 8, padding: [1, 1, 1, 1], batch: 1, isFiltered: false),
    .init(
      height: 8, width: 8, channels: 12, filters: 32, padding: [1, 1, 1, 1], batch: 2, isFiltered: false),
    .init(
      height: 8, width: 8, channels: 16, filters: 16, padding: [3, 1, 1, 1], batch: 2, isFiltered: false),
    .init(
      height: 3, width: 5, channels: 16, filters: 16, padding: [0, 0, 0, 0], batch: 2, isFiltered: false),
    .init(
      height: 4, width: 4, channels: 64, filters: 64, padding: [1, 1, 1, 1], batch: 3, isFiltered: false),
  ]
}

@Suite struct TrainingConvolutionTests {
  /// Output, input gradient and weight gradient by their sums in double.
  struct Reference {
    var output: [Double]
    var inputGradient: [Double]
    var weightGradient: [Double]
    var biasGradient: [Double]

    init(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, _ dy: Tensor, _ padding: [Int]) {
      let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
      let filters = dy.shape[3]
      output = [Double](repeating: 0, count: dy.count)
      inputGradient = [Double](repeating: 0, count: x.count)
      weightGradient = [Double](repeating: 0, count: weight.count)
      biasGradient = [Double](repeating: 0, count: filters)
      for position in 0..<dy.count {
        let o = position % filters
        let column = position / filters % dy.shape[2]
        let row = position / filters / dy.shape[2] % dy.shape[1]
        let image = position / filters / dy.shape[2] / dy.shape[1]
        output[position] = Double(bias[o])
        biasGradient[o] += Double(dy[position])
        for tap in 0..<9 {
          let (y, z) = (row + tap / 3 - padding[0], column + tap % 3 - padding[1])
          guard (0..<height).contains(y), (0..<width).contains(z) else { continue }
          let pixel = ((image * height + y) * width + z) * channels
          for c in 0..<channels {
            let w = (o * 9 + tap) * channels + c
            output[position] += Double(x[pixel + c]) * Double(weight[w])
            inputGradient[pixel + c] += Double(dy[position]) * Double(weight[w])
            weightGradient[w] += Double(dy[position]) * Double(x[pixel + c])
          }
        }
      }
    }
  }

  private func noise(_ shape: Shape, _ random: inout RandomSource) -> Tensor {
    Tensor(shape, (0..<shape.count).map { _ in 2 * random.uniform() - 1 })
  }

  @Test(arguments: SquareKernelCase.all)
  func outputAndGradientsEqualTheirDefinitions(_ example: SquareKernelCase) throws {
    var random = RandomSource(seed: 5)
    let window = Window(kernel: [3, 3], padding: example.padding)
    let layer = try Conv2d(
      inChannels: example.channels, filters: example.filters, window: window, hasBias: example.hasBias)
    let image: Shape = [example.height, example.width, example.channels]
    let x = noise(image.batched(example.batch), &random)
    let parameters = layer.parameters.map { noise($0.shape, &random) }
    let output = try layer.outputShape(for: [image])
    let dy = noise(output.batched(example.batch), &random)
    let filtering = WinogradConvolution(
      window, groups: 1, images: example.batch, input: image, output: output)
    #expect((filtering != nil) == example.isFiltered)
    let pass = LayerPass(mode: .training, execution: Execution(threads: 2))

    let saved = try layer.forward([x], parameters, pass)
    let gradients = try layer.backward(dy, inputs: [x], parameters: parameters, saved: saved, pass)

    let bias = example.hasBias ? parameters[1] : Tensor(zeros: [example.filters])
    let reference = Reference(x, parameters[0], bias, dy, example.padding)
    try compare(saved.output, reference.output, "output")
    try compare(#require(gradients.inputs[0]), reference.inputGradient, "input gradient")
    try compare(#require(gradients.parameters[0]), reference.weightGradient, "weight gradient")
    if example.hasBias {
      try compare(#require(gradients.parameters[1]), reference.biasGradient, "bias gradient")
    }
    // Inference sums tap by tap, which is closer.
    let inference = LayerPass(mode: .inference, execution: Execution())
    try compare(
      layer.forward([x], parameters, inference).output, reference.output, "inference", within: 0x1p-19)
  }

  /// Minimal filtering is accurate relative to the largest value, not to each.
  private func compare(
    _ values: Tensor, _ reference: [Double], _ what: Comment, within share: Double = 0x1p-16
  ) throws {
    #expect(values.count == reference.count)
    let largest = reference.map(abs).max() ?? 0
    let worst = zip(values.values, reference).map { abs(Double($0) - $1) }.max() ?? 0
    #expect(worst <= share * largest, what)
  }

  @Test func threadsDoNotChangeABit() throws {
    var random = RandomSource(seed: 6)
    let layer = try Conv2d(
      inChannels: 16, filters: 24, window: Window(kernel: [3, 3], padding: [1, 1, 1, 1]))
    let x = noise([37, 9, 11, 16], &random)
    let dy = noise([37, 9, 11, 24], &random)
    let parameters = layer.parameters.map { noise($0.shape, &random) }

    let results = try [1, 3].map { threads in
      let pass = LayerPass(mode: .training, execution: Execution(threads: threads))
      let saved = try layer.forward([x], parameters, pass)
      let found = try layer.backward(dy, inputs: [x], parameters: parameters, saved: saved, pass)
      return ([saved.output] + found.inputs.compactMap { $0 } + found.parameters.compactMap { $0 })
        .map(\.values)
    }

    #expect(results[0].count == 4 && results[0] == results[1])
  }
}
