import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

@Suite struct ImageFolderTests {
  /// The only image of a data set made of one file.
  private func pixels(
    _ file: Data, _ name: String, _ transform: ImageTransform = ImageTransform()
  ) throws -> [UInt8] {
    let folder = try Scratch()
    try folder.write(file, to: "class/\(name)")
    return try ImageFolder.load(folder.url.path, transform: transform).codes([0]) ?? []
  }

  private func meanDifference(_ a: [UInt8], _ b: Data) -> Double {
    Double(zip(a, b).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(b.count)
  }

  @Test func imagesWithoutSubsamplingDecodeAsPillowDecodesThem() throws {
    for (name, file, checksum) in ImageSamples.checksums {
      #expect(ImageSamples.checksum(try pixels(file, name)) == checksum, "\(name)")
    }
  }

  /// Decoders may round the inverse transform and the colours differently.
  @Test func subsampledJPEGIsPillowsWithinOneStep() throws {
    let decoded = try pixels(ImageSamples.jpeg, "a.jpeg")

    #expect(decoded.count == ImageSamples.jpegPixels.count)
    #expect(meanDifference(decoded, ImageSamples.jpegPixels) < 1)
  }

  @Test func resizingIsPillowsAntialiasedBilinear() throws {
    let half = try pixels(ImageSamples.png, "a.png", ImageTransform(shorterSide: 7))
    let enlarged = try pixels(ImageSamples.png, "a.png", ImageTransform(shorterSide: 22))

    #expect(Data(half) == ImageSamples.halfPixels)
    #expect(ImageSamples.checksum(enlarged) == ImageSamples.enlargedChecksum)
  }

  @Test func croppingKeepsTheMiddle() throws {
    let whole = try pixels(ImageSamples.png, "a.png")

    let middle = try pixels(ImageSamples.png, "a.png", ImageTransform(crop: 4))

    // 14 rows and 20 columns: the crop begins at row 5 and column 8.
    var expected: [UInt8] = []
    for row in 5..<9 { expected += whole[(row * 20 + 8) * 3..<(row * 20 + 12) * 3] }
    #expect(middle == expected)
  }

  @Test func numbersNameLabelsAndOtherNamesAreSorted() throws {
    let numbered = try Scratch()
    for name in ["7/b.png", "7/a.png", "12/c.png"] { try numbered.write(ImageSamples.png, to: name) }
    let named = try Scratch()
    for name in ["dog/a.png", "cat/b.png", "dog/notes.txt"] { try named.write(ImageSamples.png, to: name) }

    let numbers = try ImageFolder.load(numbered.url.path, classCount: 1000)
    let names = try ImageFolder.load(named.url.path)

    #expect((0..<numbers.count).map(numbers.label) == [12, 7, 7])
    #expect(numbers.classNames.count == 1000)
    #expect((0..<names.count).map(names.label) == [0, 1])
    #expect(names.classNames == ["cat", "dog"])
    #expect(names.imageShape == [14, 20, 3])
  }

  /// A file that is no whole image, and how its error begins behind the path.
  static let damages: [(name: String, file: Data, problem: String)] = [
    ("cut.jpg", ImageSamples.jpeg.prefix(700), "the image is damaged: "),
    ("short.jpg", ImageSamples.jpeg.prefix(100), "the image is damaged: "),
    ("cut.png", ImageSamples.png.prefix(120), "the image is damaged: the file ends early"),
    (
      "head.png", ImageSamples.png.prefix(8),
      "the image is damaged: the file ends early. Fetch the file again."
    ),
    (
      "sum.png", ImageSamples.png.prefix(100) + [0, 1, 2, 3] + ImageSamples.png.dropFirst(104),
      "the image is damaged: "
    ),
    (
      "text.png", Data("no image".utf8), "it begins like neither a JPEG nor a PNG file. Remove or convert it."
    ),
    ("empty.jpg", Data(), "it begins like neither a JPEG nor a PNG file. Remove or convert it."),
  ]

  @Test(arguments: damages.map(\.name))
  func damagedFilesAreNamed(_ name: String) throws {
    let folder = try Scratch()
    let damage = try #require(Self.damages.first { $0.name == name })
    try folder.write(ImageSamples.png, to: "0/a.png")
    try folder.write(damage.file, to: "1/\(name)")
    let data = try ImageFolder.load(folder.url.path)

    let error = #expect(throws: InterchangeError.self) { try data.batch([1]) }

    let text = try #require(error).description
    #expect(text.hasPrefix("\(folder.url.path)/1/\(name): \(damage.problem)"), "\(text)")
    #expect(try data.batch([0]).labels == [0])
  }

  @Test func foldersThatFitNoDataSetAreExplained() throws {
    let folder = try Scratch()
    func expect(_ problem: String, at path: String = "", _ body: () throws -> Void) {
      let place = folder.url.path + path
      #expect(throws: InterchangeError.malformed(path: place, problem: problem), performing: body)
    }
    #expect(
      throws: InterchangeError.unreadable(
        path: folder.path("none"), reason: "No such file or directory",
        remedy: "Check the path of the folder.")
    ) { try ImageFolder.load(folder.path("none")) }
    try folder.write("", to: "3/notes.txt")
    expect(
      "none of its 1 folders holds a .jpg, .jpeg or .png file. Give a folder with one folder of images per class."
    ) { _ = try ImageFolder.load(folder.url.path) }
    try folder.write(ImageSamples.png, to: "3/a.png")
    expect("class 3 is outside the 3 classes. Give more classes or remove the folder.", at: "/3") {
      _ = try ImageFolder.load(folder.url.path, classCount: 3)
    }
    expect(
      "a crop of 15x15 does not fit the image 14x20x3. Resize to at least 15 first.", at: "/3/a.png"
    ) {
      _ = try ImageFolder.load(folder.url.path, transform: ImageTransform(crop: 15))
    }
    // A palette image of 20x14 beside the grey one of 20x14 is fine; one of another extent is not.
    try folder.write(try smallPNG(), to: "3/b.png")
    let data = try ImageFolder.load(folder.url.path)
    expect(
      "the image is 1x1x3, but the first of the data set is 14x20x3. Give resize and crop, which make images equal.",
      at: "/3/b.png"
    ) { _ = try data.batch([1]) }
    try folder.write(ImageSamples.png, to: "99999999/a.png")
    expect(
      "class 99999999 is outside the 1048576 classes. Give more classes or remove the folder.",
      at: "/99999999"
    ) { _ = try ImageFolder.load(folder.url.path) }
  }

  /// A PNG of one grey pixel.
  private func smallPNG() throws -> Data {
    try #require(
      Data(
        base64Encoded:
          "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="))
  }

  /// A header that claims 60000x60000 pixels is refused before memory is asked for.
  @Test func hugeImagesAreRefused() throws {
    let folder = try Scratch()
    var file = [UInt8](ImageSamples.jpeg)
    let frame = try #require(file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
    for offset in [5, 7] { file.replaceSubrange(frame + offset..<frame + offset + 2, with: [0xEA, 0x60]) }
    try folder.write(Data(file), to: "0/huge.jpg")

    #expect(
      throws: InterchangeError.malformed(
        path: folder.path("0/huge.jpg"),
        problem: "60000x60000 pixels are more than 100000000. Make the image smaller.")
    ) { try ImageFolder.load(folder.url.path) }
  }

  /// The pack's images as Pillow 13 decoded them.
  @Test(.enabled(if: SharedData.isPresent)) func photographsDecodeAsPillowDecodesThem() throws {
    let decoded = try RawRows.load(
      SharedData.path("data/imagenet/eval_first64_224_rgb_u8_nhwc.bin.gz"), shape: [224, 224, 3],
      type: .uint8, map: .pixels)
    let folder = SharedData.path("data/imagenet")
    let rows = try String(contentsOfFile: folder + "/labels.csv", encoding: .utf8).split(separator: "\n")
    let images = rows.dropFirst().map { $0.split(separator: ",") }.filter { $0[3] == "eval" }.prefix(4)

    for (index, row) in images.enumerated() {
      let file = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/eval/\(row[2])/\(row[1])"))
      let mine = try pixels(file, "a.jpg")
      #expect(meanDifference(mine, Data(try decoded.codes([index]) ?? [])) < 0.01, "\(row[1])")
    }
  }
}
