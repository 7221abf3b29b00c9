import Inference
import Packing
import Tensors
import Testing

/// A convolution to try: extents, window, groups, zero points.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  var channels: (input: Int, output: Int)
  var kernel = 3
  var stride = 1
  var dilation = 1
  var groups = 1
  var inputZero = 128
  var weightZero: Int32 = 128
  var weightBits = 8
  var rounding = RequantizationRounding.double
  var isWide = false
  var headroom = 0

  var description: String {
    "\(channels.input)->\(channels.output) k\(kernel) s\(stride) d\(dilation) g\(groups) za\(inputZero) zw\(weightZero) b\(weightBits) h\(headroom)"
  }

  static let table: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = []
    for channels in [1, 3, 15, 16, 17, 33, 64] {
      for kernel in [1, 3, 5] {
        cases.append(.init(channels: (channels, 65 - channels), kernel: kernel))
        cases.append(
          .init(channels: (channels, channels), kernel: kernel, stride: 2, weightZero: 3, weightBits: 4))
        cases.append(.init(channels: (channels, channels), kernel: kernel, groups: channels, inputZero: 255))
      }
    }
    for zeroPoint in [0, 128, 255] {
      cases.append(.init(channels: (17, 100), inputZero: zeroPoint, weightZero: 0))
      cases.append(.init(channels: (17, 18), inputZero: zeroPoint, weightZero: 255))
      cases.append(.init(channels: (33, 33), groups: 33, inputZero: zeroPoint, weightZero: 255))
      cases.append(.init(channels: (33, 33), groups: 33, inputZero: zeroPoint, weightZero: 0))
    }
    for channels in [47, 48, 49, 63, 96, 100, 127, 128] {
      cases.append(.init(channels: (channels, channels), kernel: channels % 2 == 0 ? 3 : 5, groups: channels))
    }
    cases.append(.init(channels: (16, 48), dilation: 2))
    cases.append(.init(channels: (15, 15), dilation: 2, groups: 15))
    cases.append(.init(channels: (12, 20), groups: 4, weightZero: 77))
    cases.append(.init(channels: (6, 6), stride: 2, groups: 2, weightZero: 6, weightBits: 4))
    cases.append(.init(channels: (64, 10), kernel: 1, rounding: .single))
    cases.append(
      .init(channels: (63, 33), kernel: 1, weightZero: 30, weightBits: 6, rounding: .single, isWide: true))
    cases.append(.init(channels: (17, 35), weightZero: 6, weightBits: 4, headroom: 6))
    cases.append(.init(channels: (19, 19), groups: 19, weightZero: 6, weightBits: 4, headroom: 8))
    cases.append(
      .init(channels: (9, 33), kernel: 1, weightZero: 1, weightBits: 2, rounding: .single, headroom: 5))
    return cases
  }()

  var height: Int { 7 }
  var width: Int { 9 }
  var padding: Int { dilation * (kernel - 1) / 2 }
  func outputExtent(_ extent: Int) -> Int {
    (extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1
  }

  /// The layer with random constants; sums are brought to about the codes' range.
  func layer(_ random: inout RandomSource) throws -> IntegerConvolution {
    let depth = kernel * kernel * channels.input / groups
    let codes = (0..<(channels.output * depth)).map { _ in UInt8(random.integer(below: 1 << weightBits)) }
    // A weight zero point at the end of the range makes sums grow with the depth instead of its root.
    let isLopsided = weightZero == 0 || weightZero == 255
    let spread =
      (isLopsided ? Double(depth) * 8 : Double(depth).squareRoot() * 2) * Double(1 << weightBits) * 20
    var layer = IntegerConvolution(
      window: WindowGeometry(
        kernel: [kernel, kernel], stride: [stride, stride], dilation: [dilation, dilation],
        padding: [padding, padding]),
      groups: groups, weights: try PackedCodes(codes, bits: weightBits),
      zeroPoints: (0..<channels.output).map { max(0, weightZero - Int32($0 % 3)) },
      bias: (0..<channels.output).map { _ in Int32(random.integer(below: 20001)) - 10000 },
      multipliers: try (0..<channels.output).map {
        try #require(FixedPointMultiplier(Double($0 + 40) / (spread * Double(1 << headroom))))
      },
      rounding: rounding, range: CodeRange(3, 250), isWide: isWide)
    layer.headroom = headroom
    return layer
  }

  func model(_ layer: IntegerConvolution) -> IntegerModel {
    let input = IntegerGrid(scale: 1, zeroPoint: inputZero)
    let shape: Shape = [outputExtent(height), outputExtent(width), channels.output]
    return IntegerModel(
      nodes: [
        IntegerNode("input", .input, inputs: [], shape: [height, width, channels.input], grid: input),
        IntegerNode(
          "layer", .convolution(layer), inputs: [0], shape: shape, grid: IntegerGrid(scale: 1, zeroPoint: 121)
        ),
      ], output: 1)
  }

  /// The definition, in 64-bit integers and without any correction.
  func reference(_ layer: IntegerConvolution, _ x: [UInt8]) -> [Int32] {
    let weights = layer.weights.unpacked().map { Int($0) }
    let inside = channels.input / groups
    var result: [Int32] = []
    for oy in 0..<outputExtent(height) {
      for ox in 0..<outputExtent(width) {
        for o in 0..<channels.output {
          var sum = 0
          for ky in 0..<kernel {
            for kx in 0..<kernel {
              let (iy, ix) = (oy * stride + ky * dilation - padding, ox * stride + kx * dilation - padding)
              guard (0..<height).contains(iy), (0..<width).contains(ix) else { continue }
              for c in 0..<inside {
                let channel = o / (channels.output / groups) * inside + c
                let value = Int(x[(iy * width + ix) * channels.input + channel]) - inputZero
                sum +=
                  value * (weights[((o * kernel + ky) * kernel + kx) * inside + c] - Int(layer.zeroPoints[o]))
              }
            }
          }
          let scaled = layer.multipliers[o].product(Int32(sum << headroom + Int(layer.bias[o])), rounding)
          result.append(isWide ? scaled : max(3, min(250, scaled + 121)))
        }
      }
    }
    return result
  }
}

struct ConvolutionKernelTests {
  @Test(arguments: ConvolutionCase.table)
  func everyVariantEqualsTheDefinition(_ entry: ConvolutionCase) throws {
    var random = RandomSource(seed: 21)
    let layer = try entry.layer(&random)
    let x = (0..<(entry.height * entry.width * entry.channels.input)).map { _ in
      UInt8(random.integer(below: 256))
    }
    let expected = entry.reference(layer, x)

    for variant in IntegerKernelVariant.all {
      let engine = try IntegerEngine(entry.model(layer), variant: variant)
      #expect(try engine.output(ofNode: 1, from: [x]) == expected, "\(variant)")
    }
  }

  @Test(arguments: [0, 1, 5, 12, 29])
  func requantizationEqualsTheReferenceForAnySum(_ leftShift: Int32) throws {
    // One channel per multiplier; weights are 0, so the sum is the bias.
    var random = RandomSource(seed: 5)
    let count = 67
    for rounding in [RequantizationRounding.double, .single] {
      let bias = (0..<count).map { _ in Int32(truncatingIfNeeded: random.next()) >> (leftShift + 1) }
      let multipliers = (0..<count).map { index in
        FixedPointMultiplier(
          multiplier: Int32(1 << 30) + Int32(random.integer(below: 1 << 30)),
          shift: leftShift > 0 ? leftShift : -Int32(index % 32))
      }
      let layer = IntegerConvolution(
        window: WindowGeometry(kernel: [1, 1]), groups: 1,
        weights: try PackedCodes([UInt8](repeating: 128, count: count), bits: 8),
        zeroPoints: [Int32](repeating: 128, count: count), bias: bias, multipliers: multipliers,
        rounding: rounding)
      let grid = IntegerGrid(scale: 1, zeroPoint: 77)
      let model = IntegerModel(
        nodes: [
          IntegerNode("input", .input, inputs: [], shape: [1], grid: grid),
          IntegerNode("layer", .convolution(layer), inputs: [0], shape: [count], grid: grid),
        ], output: 1)
      let expected = zip(bias, multipliers).map { bias, scale in
        Int32(max(0, min(255, Int(scale.product(bias, rounding)) + 77)))
      }
      for variant in IntegerKernelVariant.all {
        let found = try IntegerEngine(model, variant: variant).output(ofNode: 1, from: [[9]])
        #expect(found == expected, "\(variant) \(rounding)")
      }
    }
  }
}
