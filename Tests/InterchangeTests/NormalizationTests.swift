import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

@Suite struct NormalizationTests {
  private func dataset() throws -> Dataset {
    try Dataset(
      name: "two", imageShape: [1, 2, 3], classNames: ["a"],
      pixels: [0, 1, 2, 253, 254, 255, 10, 20, 30, 40, 50, 60],
      labels: [0, 0])
  }

  @Test func meanAndDeviationApplyPerChannel() throws {
    let mean = [0.485, 0.456, 0.406]
    let deviation = [0.229, 0.224, 0.225]

    let data = try dataset().normalized(mean: mean, deviation: deviation)

    let bytes = [0, 1, 2, 253, 254, 255]
    for (index, value) in try data.batch([0]).images.values.enumerated() {
      let channel = index % 3
      let exact = (Double(bytes[index]) / 255 - mean[channel]) / deviation[channel]
      #expect(abs(Double(value) - exact) <= Double(value.ulp))
    }
  }

  @Test func scaleAndShiftReplaceEarlierMaps() throws {
    let data = try dataset().normalized(mean: [0.5], deviation: [0.25])

    let signed = try data.normalized(by: ChannelMap(scale: 1 / 127.5, shift: -1))
    let raw = try data.normalized(by: ChannelMap(scale: 1, shift: 0))

    #expect(try signed.batch([0]).images.values == [0, 1, 2, 253, 254, 255].map { Float($0 / 127.5 - 1) })
    #expect(try raw.batch([1]).images.values == [10, 20, 30, 40, 50, 60])
    #expect(try raw.subset(1..<2).sample(1, seed: 3).batch([0]).images.values == raw.batch([1]).images.values)
  }

  /// Bytes without a map are `x / 255`, rounded once, as the division gives it.
  @Test func pixelsAreQuotients() throws {
    let all = (0..<255).map { UInt8($0) } + [255]
    let data = try Dataset(
      name: "all", imageShape: [256], classNames: ["a"], pixels: all, labels: [0])

    #expect(try data.batch([0]).images.values == all.map { Float($0) / 255 })
  }

  /// Codes are for networks whose input grid is that of pixels: no other map may give them.
  @Test func normalizedDataHaveNoCodes() throws {
    #expect(try dataset().codes([1]) == [10, 20, 30, 40, 50, 60])
    #expect(try dataset().normalized(mean: [0.5], deviation: [0.5]).codes([1]) == nil)
    #expect(try dataset().normalized(by: ChannelMap(scale: 1, shift: 0)).codes([1]) == nil)
    #expect(try dataset().normalized(by: .pixels).codes([1]) == [10, 20, 30, 40, 50, 60])
  }

  @Test func wrongMapsAreExplained() throws {
    func expect(_ problem: String, _ body: () throws -> Void) {
      #expect(throws: InterchangeError.wrongMap(problem), performing: body)
    }
    expect("2 channels are normalised, but images 1x2x3 have 3. Give one number, or 3.") {
      _ = try dataset().normalized(mean: [0, 0], deviation: [1, 1])
    }
    expect("a standard deviation is 0.0. Give numbers above 0.") {
      _ = try dataset().normalized(mean: [0], deviation: [0])
    }
    expect("2 means and 3 standard deviations do not pair. Give one number, or one per channel.") {
      _ = try ChannelMap(mean: [0, 0], deviation: [1, 1, 1])
    }
    expect("0 scales and 1 shifts do not pair. Give one number, or one per channel.") {
      _ = try ChannelMap(scales: [], shifts: [0])
    }
    expect("1e+39 is not finite in FP32. Give finite scales and shifts.") {
      _ = try ChannelMap(scales: [1e39], shifts: [0])
    }
  }
}

@Suite struct RawRowsTests {
  private func floats(_ values: [Float]) -> Data {
    values.reduce(into: Data()) { data, value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
  }

  @Test func everyTypeIsReadWithItsMap() throws {
    let folder = try Scratch()
    try folder.write(Data([0, 1, 127, 128, 255, 83]), to: "bytes.bin")
    try folder.write(floats([-1.5, 0, 3, 1e-3, 7, 8]), to: "reals.bin")
    try folder.write(Data([4, 0]), to: "labels.bin")
    let map = try ChannelMap(scales: [2, 1, 1], shifts: [0, 0, -3])
    func values(_ name: String, _ type: RawRows.ValueType) throws -> [Float] {
      let data = try RawRows.load(
        folder.path(name), shape: [3], type: type, labels: folder.path("labels.bin"), map: map)
      #expect(data.classNames.count == 5 && data.label(0) == 4 && data.label(1) == 0)
      return try data.batch([0, 1]).images.values
    }

    #expect(try values("bytes.bin", .uint8) == [0, 1, 124, 256, 255, 80])
    #expect(try values("bytes.bin", .int8) == [0, 1, 124, -256, -1, 80])
    #expect(try values("reals.bin", .float32) == [-3, 0, 0, 2e-3, 7, 5])
  }

  @Test func filesThatAreNoRowsAreExplained() throws {
    let folder = try Scratch()
    try folder.write(Data([1, 2, 3, 4]), to: "four.bin")
    try folder.write(floats([0, .infinity]), to: "infinite.bin")
    func expect(_ name: String, _ problem: String, _ body: () throws -> Void) {
      #expect(
        throws: InterchangeError.malformed(path: folder.path(name), problem: problem), performing: body)
    }
    expect(
      "four.bin", "4 bytes are no whole number of rows 3 of int8 (3 bytes). Check shape and type."
    ) { _ = try RawRows.load(folder.path("four.bin"), shape: [3], type: .int8) }
    expect("four.bin", "it has 4 labels of one byte, but there are 2 rows") {
      _ = try RawRows.load(
        folder.path("infinite.bin"), shape: [1], type: .float32, labels: folder.path("four.bin"))
    }
    expect("infinite.bin", "value 1 is inf. Only finite numbers can be used.") {
      _ = try RawRows.load(folder.path("infinite.bin"), shape: [1], type: .float32)
    }
    expect("four.bin", "label 3 of row 2 is outside the 3 classes. Give more classes.") {
      _ = try RawRows.load(
        folder.path("four.bin"), shape: [1], type: .uint8, labels: folder.path("four.bin"), classCount: 3)
    }
    let signed = try RawRows.load(folder.path("four.bin"), shape: [4], type: .int8)
    #expect(!signed.hasLabels)
    #expect(
      throws: InterchangeError.wrongMap(
        "mean and std are for bytes of 0 ... 255, but these are signed. Give scale and shift.")
    ) { try signed.normalized(mean: [0], deviation: [1]) }
  }
}
