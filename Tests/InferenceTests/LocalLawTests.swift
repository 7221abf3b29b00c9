import Inference
import Tensors
import Testing

/// A real value a node should give, and how near a rounding tie it must be for the code to differ by one.
struct ExpectedValue {
  let value: Double
  /// In steps of the output's grid.
  let slack: Double
}

/// Checks codes against real values: equal, or one apart where the value is within its slack of a tie.
func expectLocalLaw(
  _ codes: [Int32], _ expected: [ExpectedValue], _ grid: IntegerGrid, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(codes.count == expected.count, sourceLocation: sourceLocation)
  var violations = 0
  for (code, expected) in zip(codes, expected) {
    let steps = expected.value / grid.scale + Double(grid.zeroPoint)
    let exact = max(0, min(Double(grid.levels - 1), steps.rounded(.toNearestOrEven)))
    let distanceFromTie = abs(steps - steps.rounded(.down) - 0.5)
    let difference = abs(Double(code) - exact)
    if difference > 1 || (difference == 1 && distanceFromTie > expected.slack) { violations += 1 }
  }
  #expect(violations == 0, "\(what)", sourceLocation: sourceLocation)
}

/// Each node, fed with codes, gives the codes of the real computation on the same values.
struct LocalLawTests {
  static let input = IntegerGrid(scale: 0.043, zeroPoint: 5, levels: 13)
  static let other = IntegerGrid(scale: 0.0117, zeroPoint: 30, levels: 61)
  static let output = IntegerGrid(scale: 0.087, zeroPoint: 20, levels: 61)
  /// Multipliers keep 31 bits and products stay below 2^9 steps.
  static let fixedPointSlack = 0x1p-21

  private func codes(_ count: Int, _ grid: IntegerGrid, seed: UInt64) -> [UInt8] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in UInt8(random.integer(below: grid.levels)) }
  }

  private func reals(_ codes: [UInt8], _ grid: IntegerGrid) -> [Double] { codes.map { grid.value(Int($0)) } }

  /// Half a unit of the intermediate result that the first of two roundings keeps.
  private func firstRounding(_ ratio: Double) throws -> Double {
    let scale = try #require(FixedPointMultiplier(ratio))
    return 0.5 * Double(sign: .plus, exponent: Int(min(0, scale.shift)), significand: 1)
  }

  @Test(arguments: [0...Double.infinity, 0...1.5, IntegerModelBuilder.everything], [1, 3])
  func convolutionFollowsTheRealOne(_ range: ClosedRange<Double>, _ kernel: Int) throws {
    let (side, inputs, outputs) = (6, 19, 21)
    let depth = kernel * kernel * inputs
    let weights = IntegerWeights(
      codes: codes(depth * outputs, Self.other, seed: 1), levels: 61,
      scales: (0..<outputs).map { 0.001 + 0.0003 * Double($0) }, zeroPoints: (0..<outputs).map { 25 + $0 % 9 }
    )
    let bias = (0..<outputs).map { 0.31 * Double($0 - 10) }
    var layer = IntegerModelBuilder.Convolution(
      "conv", shape: [side, side, outputs],
      window: WindowGeometry(kernel: [kernel, kernel], padding: [kernel / 2, kernel / 2]), weights: weights,
      bias: bias, grid: Self.output)
    layer.range = range
    var builder = IntegerModelBuilder(input: [side, side, inputs], grid: Self.input)
    let node = try builder.add(layer, input: 0)
    let x = codes(side * side * inputs, Self.input, seed: 2)

    let found = try IntegerEngine(builder.model(output: node)).output(ofNode: node, from: [x])

    let real = reals(x, Self.input)
    var expected: [ExpectedValue] = []
    for position in 0..<(side * side) {
      for o in 0..<outputs {
        var sum = bias[o]
        for tap in 0..<(kernel * kernel) {
          let (iy, ix) = (
            position / side + tap / kernel - kernel / 2, position % side + tap % kernel - kernel / 2
          )
          guard (0..<side).contains(iy), (0..<side).contains(ix) else { continue }
          for c in 0..<inputs {
            let code = Int(weights.codes[o * depth + tap * inputs + c])
            sum +=
              real[(iy * side + ix) * inputs + c] * Double(code - weights.zeroPoints[o]) * weights.scales[o]
          }
        }
        // The bias is rounded to a step of the sums.
        let ratio = Self.input.scale * weights.scales[o] / Self.output.scale
        let slack = 0.5 * ratio + (try firstRounding(ratio)) + Self.fixedPointSlack
        expected.append(ExpectedValue(value: min(max(sum, range.lowerBound), range.upperBound), slack: slack))
      }
    }
    expectLocalLaw(found, expected, Self.output, "range \(range), kernel \(kernel)")
  }

  @Test func logitsFollowTheRealOnesWithinHalfAStep() throws {
    let (inputs, classes) = (77, 10)
    let weights = IntegerWeights(
      codes: codes(inputs * classes, Self.other, seed: 5), levels: 61,
      scales: (0..<classes).map { 0.002 + 0.001 * Double($0) }, zeroPoints: (0..<classes).map { 28 + $0 % 4 })
    let bias = (0..<classes).map { 0.7 - 0.2 * Double($0) }
    var builder = IntegerModelBuilder(input: [inputs], grid: Self.input)
    let node = try builder.add(
      .init("fc", shape: [classes], window: .init(kernel: [1, 1]), weights: weights, bias: bias, grid: nil),
      input: 0)
    let engine = try IntegerEngine(builder.model(output: node))
    let x = codes(inputs, Self.input, seed: 6)

    let logits = try engine.logits(ofCodes: x)

    let real = reals(x, Self.input)
    for o in 0..<classes {
      let sum = (0..<inputs).reduce(bias[o]) { sum, c in
        sum + real[c] * Double(Int(weights.codes[o * inputs + c]) - weights.zeroPoints[o]) * weights.scales[o]
      }
      // Half a step of the logits, half a step of the bias, 31 bits of the multiplier.
      let bound = 0.5 * logits.scale + 0.5 * weights.scales[o] * Self.input.scale + abs(sum) * 0x1p-30
      #expect(abs(Double(logits.values[o]) * logits.scale - sum) <= bound)
    }
  }

  @Test(arguments: [0...Double.infinity, 0...0.6, IntegerModelBuilder.everything])
  func sumFollowsTheRealOne(_ range: ClosedRange<Double>) throws {
    let (a, b) = (codes(13 * 61, Self.input, seed: 7), codes(13 * 61, Self.other, seed: 8))
    var builder = IntegerModelBuilder(input: [a.count], grid: Self.input)
    let second = builder.add(function: { $0 }, of: 0, name: "second", grid: Self.other)
    let node = try builder.add(sumOf: 0, second, name: "sum", grid: Self.output, range: range)

    for variant in IntegerKernelVariant.all {
      let engine = try IntegerEngine(builder.model(output: node), variant: variant)
      let found = try engine.output(ofNode: node, from: [a, b])

      // Two roundings in each of two terms, in units of twice the larger scale / 2^20.
      let unit = 2 * max(Self.input.scale, Self.other.scale) * 0x1p-20 / Self.output.scale
      let slack = 2 * unit + (try firstRounding(unit)) + Self.fixedPointSlack
      let expected = zip(reals(a, Self.input), reals(b, Self.other)).map { a, b in
        ExpectedValue(value: min(max(a + b, range.lowerBound), range.upperBound), slack: slack)
      }
      expectLocalLaw(found, expected, Self.output, "\(variant)")
    }
  }

  @Test(arguments: [1, 6])
  func productFollowsTheRealOne(_ rows: Int) throws {
    let channels = 61
    let (a, b) = (codes(6 * channels, Self.input, seed: 9), codes(rows * channels, Self.other, seed: 10))
    var builder = IntegerModelBuilder(input: [6, 1, channels], grid: Self.input)
    let gate = builder.add(reshaped: 0, name: "gate", to: [6, 1, channels])
    let part =
      rows == 1
      ? try builder.add(
        meanOver: WindowGeometry(kernel: [6, 1]), of: gate, name: "mean", shape: [1, 1, channels],
        grid: Self.other)
      : builder.add(function: { $0 }, of: gate, name: "mean", grid: Self.other)
    let node = try builder.add(productOf: 0, part, name: "product", grid: Self.output)

    let found = try IntegerEngine(builder.model(output: node)).output(ofNode: node, from: [a, b])

    let slack =
      try firstRounding(Self.input.scale * Self.other.scale / Self.output.scale) + Self.fixedPointSlack
    let (x, y) = (reals(a, Self.input), reals(b, Self.other))
    let expected = x.indices.map { ExpectedValue(value: x[$0] * y[$0 % y.count], slack: slack) }
    expectLocalLaw(found, expected, Self.output, "rows \(rows)")
  }

  @Test(arguments: [true, false], [1, 2])
  func meansFollowTheRealOnes(_ countsPadding: Bool, _ stride: Int) throws {
    let (side, channels) = (5, 17)
    let outputSide = (side - 1) / stride + 1
    let x = codes(side * side * channels, Self.input, seed: 12)
    var builder = IntegerModelBuilder(input: [side, side, channels], grid: Self.input)
    let node = try builder.add(
      meanOver: WindowGeometry(kernel: [3, 3], stride: [stride, stride], padding: [1, 1]), of: 0,
      name: "mean",
      shape: [outputSide, outputSide, channels], grid: Self.other, countsPadding: countsPadding)

    let found = try IntegerEngine(builder.model(output: node)).output(ofNode: node, from: [x])

    let real = reals(x, Self.input)
    var expected: [ExpectedValue] = []
    for position in 0..<(outputSide * outputSide) {
      for c in 0..<channels {
        var sum = 0.0
        var inside = 0
        for tap in 0..<9 {
          let iy = position / outputSide * stride + tap / 3 - 1
          let ix = position % outputSide * stride + tap % 3 - 1
          guard (0..<side).contains(iy), (0..<side).contains(ix) else { continue }
          sum += real[(iy * side + ix) * channels + c]
          inside += 1
        }
        let count = Double(countsPadding ? 9 : inside)
        let slack = try firstRounding(Self.input.scale / Self.other.scale / count) + Self.fixedPointSlack
        expected.append(ExpectedValue(value: sum / count, slack: slack))
      }
    }
    expectLocalLaw(found, expected, Self.other, "padding counts \(countsPadding), stride \(stride)")
  }

  @Test func layoutsAreExactAndTablesRoundTheRealFunction() throws {
    let x = codes(4 * 3 * 6, Self.input, seed: 14)
    var builder = IntegerModelBuilder(input: [4, 3, 6], grid: Self.input)
    let swish = { (x: Double) in x * min(max(x + 3, 0), 6) / 6 }
    let active = builder.add(function: swish, of: 0, name: "swish", grid: Self.other)
    let shuffled = builder.add(channels: [0, 3, 1, 4, 2, 5], of: 0, name: "shuffle")
    let slice = builder.add(channels: [4, 5], of: shuffled, name: "slice")
    let joined = builder.add(
      channelsOf: [active, slice], name: "concat", shape: [4, 3, 8], grid: Self.output)
    let padded = builder.add(padded: joined, name: "pad", offset: [1, 2, 0], to: [6, 6, 8])
    let largest = builder.add(
      maximumOver: WindowGeometry(kernel: [2, 2], stride: [2, 2]), of: padded, name: "max", shape: [3, 3, 8])
    let flat = builder.add(reshaped: largest, name: "flat", to: [72])

    let all = try IntegerEngine(builder.model(output: flat)).activations(ofCodes: x)

    let real = reals(x, Self.input)
    let exact = { (values: [Double]) in values.map { ExpectedValue(value: $0, slack: 0) } }
    expectLocalLaw(all[active].map { Int32($0) }, exact(real.map(swish)), Self.other, "swish")
    var expectedSlice: [UInt8] = []
    for position in 0..<12 { expectedSlice += [x[position * 6 + 2], x[position * 6 + 5]] }
    #expect(all[slice] == expectedSlice)
    for position in 0..<12 {
      let first = reals(Array(all[active][(position * 6)..<(position * 6 + 6)]), Self.other)
      let second = reals(Array(all[slice][(position * 2)..<(position * 2 + 2)]), Self.input)
      let found = all[joined][(position * 8)..<(position * 8 + 8)].map { Int32($0) }
      expectLocalLaw(found, exact(first + second), Self.output, "concat")
      let row = (position / 3 + 1) * 6 + position % 3 + 2
      #expect(all[padded][(row * 8)..<(row * 8 + 8)].map { Int32($0) } == found)
    }
    #expect(all[padded].count { $0 == UInt8(Self.output.zeroPoint) } >= 24 * 8)
    for index in 0..<72 {
      let (y, x, c) = (index / 24 * 2, index / 8 % 3 * 2, index % 8)
      let window = [0, 1, 6, 7].map { all[padded][(y * 6 + x + $0) * 8 + c] }
      #expect(all[flat][index] == window.max())
    }
  }
}
