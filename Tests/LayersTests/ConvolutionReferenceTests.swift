import Layers
import Tensors
import Testing

@Suite struct ConvolutionReferenceTests {
  /// The definition, in double, for one output.
  static func reference(_ layer: Conv2d, _ x: Tensor, _ parameters: [Tensor], _ output: Shape) -> [Double] {
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let window = layer.window
    let (inGroup, outGroup) = (channels / layer.groups, layer.filters / layer.groups)
    var result: [Double] = []
    for position in 0..<output.count {
      let o = position % output[3]
      let column = position / output[3] % output[2]
      let row = position / output[3] / output[2] % output[1]
      let n = position / output[3] / output[2] / output[1]
      var sum = parameters.count > 1 ? Double(parameters[1][o]) : 0
      for a in 0..<window.kernel[0] {
        for b in 0..<window.kernel[1] {
          let y = window.stride[0] * row + window.dilation[0] * a - window.padding[0]
          let z = window.stride[1] * column + window.dilation[1] * b - window.padding[1]
          guard (0..<height).contains(y), (0..<width).contains(z) else { continue }
          for c in 0..<inGroup {
            let pixel = x[((n * height + y) * width + z) * channels + o / outGroup * inGroup + c]
            let weight = parameters[0][((o * window.kernel[0] + a) * window.kernel[1] + b) * inGroup + c]
            sum += Double(pixel) * Double(weight)
          }
        }
      }
      result.append(sum)
    }
    return result
  }

  @Test(arguments: GradientCase.convolutions, [1, 19])
  func convolutionEqualsItsDefinition(_ example: GradientCase, batch: Int) throws {
    var random = RandomSource(seed: 21)
    let made = try LayerCatalogue.entry("conv2d").layer(example.attributes, inputs: example.inputs)
    let layer = try #require(made as? Conv2d)
    func noise(_ shape: Shape) -> Tensor {
      Tensor(shape, (0..<shape.count).map { _ in 2 * random.uniform() - 1 })
    }
    let x = noise(example.inputs[0].batched(batch))
    let parameters = layer.parameters.map { noise($0.shape) }
    let pass = LayerPass(mode: .inference, execution: Execution(threads: 2))

    let output = try layer.forward([x], parameters, pass).output

    let expected = Self.reference(layer, x, parameters, output.shape)
    // Terms are below 1: FP32 sums of `terms` of them are off by at most terms^2 2^-24, in practice far less.
    let terms = parameters[0].shape.droppingFirst.count + 1
    let worst = zip(output.values, expected).map { abs(Double($0) - $1) }.max() ?? 0
    #expect(worst <= Double(terms * terms) * 0x1p-24)
  }
}
