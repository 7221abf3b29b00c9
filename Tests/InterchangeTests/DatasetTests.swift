import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

@Suite struct DatasetTests {
  static let hasFashion = FileManager.default.fileExists(
    atPath: FashionMNIST.defaultFolder + "/train-images-idx3-ubyte.gz")

  private func idx(_ magic: Int, _ extents: [Int], _ bytes: [UInt8]) -> Data {
    Data(
      ([magic] + extents).flatMap {
        [UInt8($0 >> 24 & 255), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)]
      } + bytes)
  }

  /// A folder with two training and one test image of 1x2 pixels.
  private func folder() throws -> Scratch {
    let folder = try Scratch()
    try folder.write(idx(0x803, [2, 1, 2], [0, 255, 51, 102]), to: "train-images-idx3-ubyte")
    try folder.write(idx(0x801, [2], [3, 9]), to: "train-labels-idx1-ubyte")
    try folder.write(idx(0x803, [1, 1, 2], [1, 2]), to: "t10k-images-idx3-ubyte")
    try folder.write(idx(0x801, [1], [0]), to: "t10k-labels-idx1-ubyte")
    return folder
  }

  @Test func plainFilesAreRead() throws {
    let folder = try folder()

    let (train, test) = try FashionMNIST.load(folder: folder.url.path)

    #expect(train.count == 2 && test.count == 1)
    #expect(train.imageShape == [1, 2, 1])
    #expect(try train.batch(0..<2).images.values == [0, 1, 0.2, 0.4])
    #expect(try train.batch([1, 0]).labels == [9, 3])
    #expect(try train.codes([1]) == [51, 102])
  }

  @Test func damagedFilesAreExplained() throws {
    let folder = try folder()
    let images = folder.path("train-images-idx3-ubyte")
    func expect(_ content: Data, at name: String, _ problem: String) throws {
      try folder.write(content, to: name)
      #expect(throws: InterchangeError.malformed(path: folder.path(name), problem: problem)) {
        try FashionMNIST.load(folder: folder.url.path)
      }
    }
    try expect(
      idx(0x801, [2, 1, 2], [0, 0, 0, 0]), at: "train-images-idx3-ubyte",
      "the magic number is 2049, but bytes of rank 3 have 2051. It is another kind of file.")
    try expect(
      idx(0x803, [2, 1, 2], [0, 0, 0]), at: "train-images-idx3-ubyte",
      "extents [2, 1, 2] need 4 bytes, but 3 follow the header. Fetch the file again.")
    try expect(Data([0, 0]), at: "train-images-idx3-ubyte", "2 bytes are too few for an IDX header of 16")
    try folder.write(idx(0x803, [2, 1, 2], [0, 0, 0, 0]), to: "train-images-idx3-ubyte")
    try expect(
      idx(0x801, [1], [0]), at: "train-labels-idx1-ubyte", "it has 1 labels, but there are 2 images")
    try folder.write(idx(0x801, [2], [0, 10]), to: "train-labels-idx1-ubyte")
    #expect(
      throws: InterchangeError.malformed(
        path: folder.path("train-labels-idx1-ubyte"),
        problem: "label 10 of image 1 is outside the 10 classes. Fetch the file again.")
    ) { try FashionMNIST.load(folder: folder.url.path) }
    try expect(
      idx(0x803, [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], []), at: "train-images-idx3-ubyte",
      "extents [4294967295, 4294967295, 4294967295] need more than 2^63 bytes, but 0 follow the header. "
        + "Fetch the file again.")
    #expect(FileManager.default.fileExists(atPath: images))
  }

  @Test(.enabled(if: hasFashion)) func cutGzipIsExplained() throws {
    let folder = try Scratch()
    let source = FashionMNIST.defaultFolder
    for name in try FileManager.default.contentsOfDirectory(atPath: source) {
      try folder.write(try Data(contentsOf: URL(fileURLWithPath: source + "/" + name)), to: name)
    }
    let name = "t10k-images-idx3-ubyte.gz"
    try folder.write(try Data(contentsOf: URL(fileURLWithPath: source + "/" + name)).prefix(10_000), to: name)

    do {
      _ = try FashionMNIST.load(folder: folder.url.path)
      Issue.record("a truncated file was read")
    } catch {
      #expect(
        error.description.hasPrefix(
          "\(folder.path(name)): the compressed stream ends early, after 10000 bytes that inflate to "))
      #expect(error.exitCode == 65)
    }
  }

  /// gzip files put one after the other are one file; these members are `row` of one CIFAR-10 image, stored.
  @Test func gzipMembersAreReadTogether() throws {
    let folder = try Scratch()
    try folder.write(Data([UInt8](repeating: 3, count: 3073)), to: "a.bin")
    for _ in 0..<2 {
      let gzip = Process()
      gzip.executableURL = URL(fileURLWithPath: "/bin/sh")
      gzip.arguments = ["-c", "gzip -c a.bin >> both.bin.gz"]
      gzip.currentDirectoryURL = folder.url
      try gzip.run()
      gzip.waitUntilExit()
    }

    #expect(try CIFAR10.load(files: [folder.path("both.bin.gz")]).count == 2)
  }

  @Test(.enabled(if: hasFashion)) func fashionMNISTIsWhole() throws {
    let (train, test) = try FashionMNIST.load()

    #expect(train.imageShape == [28, 28, 1])
    for (data, perClass) in [(train, 6000), (test, 1000)] {
      var histogram = [Int](repeating: 0, count: 10)
      for index in 0..<data.count { histogram[data.label(index)] += 1 }
      #expect(histogram == [Int](repeating: perClass, count: 10))
    }
  }

  @Test func samplesAreSeededAndWithoutRepetition() throws {
    let data = try Dataset(
      name: "numbers", imageShape: [1, 1, 1], classNames: ["a"], pixels: (0..<100).map { UInt8($0) },
      labels: [UInt8](repeating: 0, count: 100))

    let sample = try data.sample(64, seed: 1005)

    #expect(try Set(sample.codes(0..<64) ?? []).count == 64)
    #expect(try data.sample(64, seed: 1005).codes(0..<64) == sample.codes(0..<64))
    #expect(try data.sample(64, seed: 1006).codes(0..<64) != sample.codes(0..<64))
    #expect(throws: InterchangeError.outOfRange(asked: 101, available: 100)) { try data.sample(101, seed: 1) }
  }

  @Test(.enabled(if: SharedData.isPresent)) func cifar10IsReadInPixelOrder() throws {
    let path = SharedData.path("data/cifar10/calib_2048.bin.gz")

    let data = try CIFAR10.load(files: [path])

    #expect(data.count == 2048)
    #expect(data.imageShape == [32, 32, 3])
    #expect((0..<data.count).allSatisfy { (0..<10).contains(data.label($0)) })
  }

  /// Planar RGB becomes interleaved.
  @Test func cifar10RowsAreInterleaved() throws {
    let folder = try Scratch()
    let row = [UInt8(7)] + (0..<3).flatMap { plane in (0..<1024).map { UInt8(($0 + plane) % 256) } }
    try folder.write(Data(row), to: "one.bin")

    let data = try CIFAR10.load(files: [folder.path("one.bin")])

    #expect(data.label(0) == 7)
    #expect(try data.codes([0])?.prefix(6) == [0, 1, 2, 1, 2, 3])
    try folder.write(Data(row.dropLast()), to: "cut.bin")
    #expect(
      throws: InterchangeError.malformed(
        path: folder.path("cut.bin"),
        problem: "3072 bytes are no whole number of rows of 3073. Fetch the file again.")
    ) { try CIFAR10.load(files: [folder.path("cut.bin")]) }
  }
}
