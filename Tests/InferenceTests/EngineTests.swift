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
