import Foundation
import TestSupport
import Testing

@Suite struct EngineAgreementTests {
  /// On all 10,000 test images the integer engine's top-1 is within 0.10 points of the fake-quantized network's.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")),
    arguments: [(2, 4), (4, 4), (4, 1)])
  func integerTop1IsThatOfTheFakeQuantizedNetwork(bits: Int, intervals: Int) throws {
    let folder = try Scratch()
    let models = AugqProcess.packageFolder.appendingPathComponent("Scripts/models/fashion_cnn").path
    try folder.write(
      """
      local augq = require "augq"
      local data = augq.data.fashion_mnist()
      local function grid(group) return augq.granularity.augq { bits = \(bits), intervals = \(intervals), group = group } end
      local q = augq.quantize(augq.load "\(models)", {
        weights = grid "channel", activations = grid "tensor", calibration = data.train:sample(64, { seed = 1005 }),
      })
      print(augq.evaluate(q, data.test).correct, augq.evaluate(q:compile(), data.test).correct)
      """, to: "recipe.lua")

    let outcome = try AugqProcess.run(["run", "recipe.lua"], in: folder.url)

    let counts = outcome.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    try #require(counts.count == 2, "\(outcome.errors)")
    #expect(abs(counts[0] - counts[1]) <= 10)
    #expect(counts[0] > 8500)
  }
}
