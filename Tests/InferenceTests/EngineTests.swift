import Inference
import Packing
import TestSupport
import Tensors
import Testing

struct EngineTests {
  @Test(arguments: IntegerKernelWorkload.all.map(\.name))
  func everyVariantGivesTheSameCodesInTheBench(_ name: String) throws {
    let workload = try #require(IntegerKernelWorkload.all.first { $0.name == name })
    let outputs = try IntegerKernelVariant.all.suffix(2).map { variant in
      let runner = try workload.runner(on: variant)
      runner.run()
      return runner.output
    }
    #expect(outputs.allSatisfy { $0 == outputs[0] } && Set(outputs[0]).count > 3)
  }

  @Test(.enabled(if: SharedData.isPresent))
  func threadsDoNotChangeAnything() throws {
    let network = try OfficialNetwork("kws_dscnn_int8")
    let engine = try IntegerEngine(network.model)
    let codes = Array(network.inputs.prefix(490 * 70))

    let one = try engine.logits(ofCodes: codes, execution: Execution(threads: 1))
    let four = try engine.logits(ofCodes: codes, execution: Execution(threads: 4))

    #expect(one == four)
  }

  @Test func sumsThatMayOverflowAreRefused() throws {
    let count = 40_000
    let layer = IntegerConvolution(
      window: WindowGeometry(kernel: [1, 1]), groups: 1,
      weights: try PackedCodes([UInt8](repeating: 255, count: count), bits: 8), zeroPoints: [0], bias: [0],
      multipliers: [FixedPointMultiplier(multiplier: 1 << 30, shift: 0)], rounding: .single)
    let grid = IntegerGrid(scale: 1, zeroPoint: 0)
    let model = IntegerModel(
      nodes: [
        IntegerNode("input", .input, inputs: [], shape: [count], grid: grid),
        IntegerNode("fc", .convolution(layer), inputs: [0], shape: [1], grid: grid),
      ], output: 1)

    // 40000 * 255 * 255 is above 2^31.
    #expect(throws: InferenceError.accumulatorOverflow(node: "fc", bound: 2.601e9)) {
      try IntegerEngine(model)
    }
  }
}

struct EngineInputTests {
  static let grid = IntegerGrid(scale: 0.25, zeroPoint: 7, levels: 29)

  private func engine() throws -> IntegerEngine {
    var builder = IntegerModelBuilder(input: [3], grid: Self.grid)
    let copy = builder.add(function: { $0 }, of: 0, name: "copy", grid: Self.grid)
    return try IntegerEngine(builder.model(output: copy))
  }

  @Test func inputsRoundTiesToEvenAndClamp() throws {
    let x: [Float] = [0, 0.125, 0.375, -0.125, -0.375, 0.13, -1.75, -9, 5.25, 5.4, 99, 1e30]

    let logits = try engine().logits(of: Tensor([4, 3], x))

    #expect(logits.values == [0, 0, 2, 0, -2, 1, -7, -7, 21, 21, 21, 21])
    #expect(logits.scale == 0.25)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func inputsThatAreNotFiniteAreRefused(_ value: Float) throws {
    let engine = try engine()
    #expect(throws: InferenceError.notFinite(index: 4)) {
      try engine.logits(of: Tensor([2, 3], [0, 0, 0, 0, value, 0]))
    }
    #expect(throws: InferenceError.input(found: "2x4", expected: "a batch of 3")) {
      try engine.logits(of: Tensor(zeros: [2, 4]))
    }
  }

  @Test func noImagesGiveNoLogits() throws {
    #expect(try engine().logits(ofCodes: []).values.isEmpty)
  }
}
