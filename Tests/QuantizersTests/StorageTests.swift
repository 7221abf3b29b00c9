import Quantizers
import Tensors
import Testing

@Suite struct StorageTests {
  let x = Samples.normal([8, 3, 3, 10])

  @Test(arguments: allowedGrids)
  func bitsFollowFromTheLevels(_ bits: Int, _ intervals: Int) throws {
    let grid = try GridSpecification(bits: bits, intervals: intervals, group: .channel(axis: 0)).fit(to: x)
    let report = try grid.storage(of: x)
    let levels = intervals * ((1 << bits) - 1) + 1
    #expect(1 << Int(report.stored) >= levels)
    #expect([1, 2, 3, 4, 5, 6, 8].contains(report.stored))
    #expect(report.entropy <= report.stored)
    #expect(report.nominal == Double(bits))
    #expect(report.side == 8.0 * 64 / 720)
    #expect(report.count == 720)
  }

  @Test func fourIntervalsOfTwoBitsAreThirteenLevelsInFourBits() throws {
    let report = try GridSpecification(bits: 2, intervals: 4).fit(to: x).storage(of: x)
    #expect(report.stored == 4)
    #expect(try GridSpecification(bits: 4, intervals: 4).fit(to: x).storedBits == 6)
  }

  @Test func blocksShareTheirIndex() throws {
    let spec = GridSpecification(
      bits: 4, intervals: 4, group: .channel(axis: 0), edges: .geometric(ratio: 1.6),
      choice: .perBlock(size: 8))
    #expect(try spec.fit(to: x).storage(of: x).stored == 4.25)
  }

  @Test func publishedModePaysForWhatItLeaves() throws {
    let grid = try RegionGrid(
      GridSpecification(bits: 2, intervals: 4, mode: .published), ranges: [ValueRange(-1, 1)])
    // Half of the values are outside: 4 bits or 32 bits, and one bit to say which.
    let report = try grid.storage(of: Tensor([4], [-3, 3, 0.1, 0.3]))
    #expect(report.unquantizedShare == 0.5)
    #expect(report.stored == 0.5 * 4 + 0.5 * 32 + 1)
  }

  @Test func meansAreWeightedByValues() {
    let small = StorageReport(nominal: 2, stored: 2, entropy: 1, side: 0, count: 1)
    let large = StorageReport(nominal: 4, stored: 4, entropy: 3, side: 1, count: 3)
    #expect(
      StorageReport.mean(of: [small, large])
        == StorageReport(nominal: 3.5, stored: 3.5, entropy: 2.5, side: 0.75, count: 4))
    #expect(StorageReport.mean(of: []) == nil)
    #expect(large.byteCount == 2)
  }

  @Test func errorsSayWhatToDo() {
    let small = Tensor([3], [1, .nan, .infinity])
    let cases: [(GridSpecification, Tensor, String)] = [
      (GridSpecification(bits: 9), x, "bits is 9; choose 1 to 8"),
      (GridSpecification(bits: 2, intervals: 17), x, "intervals is 17; choose 1 to 16"),
      (
        GridSpecification(bits: 8, intervals: 4), x,
        "4 intervals of 8 bits make 1021 levels and a code holds at most 256; use fewer bits or fewer intervals"
      ),
      (
        GridSpecification(bits: 4), small,
        "2 of 3 values are NaN or infinite, the first at index 1; check the weights or the calibration images"
      ),
      (
        GridSpecification(bits: 4), Tensor(zeros: [0, 4]),
        "there are no calibration values for a tensor of shape 0x4; give at least one calibration image"
      ),
      (
        GridSpecification(bits: 4, group: .channel(axis: 4)), x,
        "axis 4 does not exist in a tensor of shape 8x3x3x10; axes count from 0"
      ),
      (
        GridSpecification(bits: 4, intervals: 4, edges: .fractions([0.5])), x,
        "4 intervals meet at 3 inner edges, not 1; give one fraction each"
      ),
      (
        GridSpecification(bits: 4, intervals: 4, edges: .geometric(ratio: 2), mode: .published), x,
        "mode published has equal edges or fractions; use edges equal or mode clamp"
      ),
      (
        GridSpecification(bits: 4, group: .block(size: 0)), x,
        "a block holds 0 values; give a size of at least 1"
      ),
      (
        GridSpecification(bits: 4, observer: .percentile(share: 0.2)), x,
        "the percentile share is 0.2; choose more than 0.5, up to 1"
      ),
    ]
    for (specification, tensor, message) in cases {
      #expect {
        try specification.fit(to: tensor)
      } throws: {
        "\($0)" == message
      }
    }
  }

  @Test func gridsRefuseTensorsOfOtherGroups() throws {
    let grid = try GridSpecification(bits: 4, group: .channel(axis: 0)).fit(to: x)
    #expect(throws: QuantizationError.groupMismatch(expected: 8, actual: 2, shape: "2x5")) {
      try grid.fakeQuantized(Tensor(zeros: [2, 5]))
    }
  }
}
