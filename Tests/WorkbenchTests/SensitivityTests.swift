import Foundation
import TestSupport
import Testing

/// From the sensitivity of layers to bits: what the recipes say when there is nothing to go by.
@Suite struct SensitivityTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func mixed(_ arguments: String...) throws -> AugqProcess.Outcome {
    let script = AugqProcess.packageFolder.appending(path: "Scripts/mixed_precision.lua").path
    return try AugqProcess.run(["run", "--no-record", script] + arguments, in: scratch.url)
  }

  @Test func mixedPrecisionNeedsASweepWithTheMetric() throws {
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { layer = { "conv1", "layer" }, bits = { 2, "bits", 1, 8 } }
      augq.log("kl", 1 / p.bits)
      augq.log("weights", 432)
      """, to: "point.lua")
    try scratch.write(
      "return { script = 'point.lua', grid = { layer = { 'conv1' }, bits = { 2, 8 } } }",
      to: "sensitivity.lua")
    #expect(try AugqProcess.run(["batch", "sensitivity.lua"], in: scratch.url).status == 0)

    let other = try mixed("--sweep", "other")
    #expect(other.status == 1)
    #expect(
      other.errors.hasPrefix(
        "augq: no run of sweep 'other' is done. Run augq batch Scripts/sweeps/sensitivity.lua first.\n"),
      "\(other.errors)")
    let metric = try mixed("--loss", "top1_drop")
    #expect(metric.status == 1)
    #expect(metric.errors.hasPrefix("augq: the runs have no metric 'top1_drop'.\n"), "\(metric.errors)")
  }
}
