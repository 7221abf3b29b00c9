import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

/// What a user reads about texts, tensors and images that do not fit.
@Suite struct FileMessageTests {
  /// JSON texts and where and why reading stops.
  static let texts: [(text: String, message: String)] = [
    ("1 2", "text after the value at byte 2"),
    (String(repeating: "[", count: 65), "nesting deeper than 64 at byte 64"),
    ("nul", "unknown word at byte 0"),
    ("[1 2]", "no ',' or ']' at byte 3"),
    (#"{"a":1 "b"}"#, "no ',' or '}' at byte 7"),
    (#"{"a" 1}"#, "no ':' at byte 5"),
    ("\"\n\"", "a control character in a string at byte 2"),
    ("\"a", "a string without end at byte 2"),
    ("\"\\", "a string without end at byte 2"),
    (#""\q""#, "an unknown escape at byte 3"),
    (#""\ud800\u0041""#, "half of a surrogate pair at byte 13"),
    (#""\udc00""#, "half of a surrogate pair at byte 7"),
    (#""\u12""#, "no four hexadecimal digits at byte 3"),
  ]

  @Test(arguments: texts.indices) func jsonStopsAtTheByteThatIsWrong(_ index: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Self.texts[index].text.utf8) }
    #expect(error?.description == Self.texts[index].message)
  }

  @Test func jsonOfOtherBytesIsRefused() {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: [34, 0xFF, 34]) }
    #expect(error?.description == "a string that is not UTF-8 at byte 3")
  }

  @Test func tensorsOfAnotherNameOrTypeAreExplained() throws {
    let folder = try Scratch()
    let (path, empty) = (folder.path("x"), folder.path("empty"))
    try SafetensorsFile.write(["a": Tensor([1], [0]), "b": Tensor([1], [0])], to: path)
    try SafetensorsFile.write([:], to: empty)
    try folder.write(
      Damage(header: #"{"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, problem: "").bytes, to: "i")
    try folder.write(Damage(header: #"{"__metadata__":1}"#, data: 0, problem: "").bytes, to: "m")
    func expect(_ message: String, _ call: () throws -> Void) {
      #expect(#expect(throws: InterchangeError.self, performing: call)?.description == message)
    }

    expect("\(path) has no tensor 'c'. The nearest names are a, b.") {
      _ = try SafetensorsFile(path: path).tensor("c")
    }
    expect("\(empty) has no tensor 'c'. It is empty.") { _ = try SafetensorsFile(path: empty).tensor("c") }
    expect("tensor 'i' of \(folder.path("i")) is I64, but a floating-point type is needed") {
      _ = try SafetensorsFile(path: folder.path("i")).tensor("i")
    }
    expect("tensor 'a' of \(path) is F32, but an integer type is needed") {
      _ = try SafetensorsFile(path: path).integers("a")
    }
    expect("\(folder.path("m")): __metadata__ is not an object. The file is damaged: fetch or save it again.")
    {
      _ = try SafetensorsFile(path: folder.path("m"))
    }
  }

  @Test func imagesThatMakeNoDataSetAreExplained() throws {
    let folder = try Scratch()
    try folder.write(Data([10] + [UInt8](repeating: 0, count: 3072)), to: "label.bin")
    try folder.write(Data(count: 8), to: "reals")
    try folder.write(ImageSamples.png, to: "images/0/a.png")
    let (labels, image) = (folder.path("label.bin"), folder.path("images/0/a.png"))
    func expect(_ message: String, _ call: () throws -> Void) {
      #expect(#expect(throws: InterchangeError.self, performing: call)?.description == message)
    }

    expect("\(labels): label 10 of row 0 is outside the 10 classes. Fetch the file again.") {
      _ = try CIFAR10.load(files: [labels])
    }
    expect("two: 1 bytes of images 1x1x1 do not make 2 labelled images") {
      _ = try Dataset(
        name: "two", imageShape: [1, 1, 1], classNames: ["a"], pixels: [0], labels: [0, 0])
    }
    expect("mean and std are for bytes, but these rows are real numbers. Give scale and shift.") {
      _ = try RawRows.load(folder.path("reals"), shape: [2], type: .float32, map: .pixels)
        .normalized(mean: [0], deviation: [1])
    }
    expect("3 images are asked for, but the data set has 1. Ask for at most 1.") {
      _ = try RawRows.load(folder.path("reals"), shape: [2], type: .float32, map: .pixels).subset(0..<3)
    }
    expect("\(image): 14x20x3 resized to 28571x20000 is more than 100000000 pixels. Resize to less.") {
      _ = try ImageFolder.load(
        folder.path("images"), transform: ImageTransform(shorterSide: 20_000, crop: 1))
    }
  }

  @Test func filesThatInflateWithoutEndAreRefused() throws {
    let folder = try Scratch()
    try folder.write(Data(count: 1000), to: "zeros")
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/bin/sh")
    gzip.arguments = ["-c", "gzip zeros"]
    gzip.currentDirectoryURL = folder.url
    try gzip.run()
    gzip.waitUntilExit()

    let error = #expect(throws: InterchangeError.self) {
      try Gzip.contents(of: folder.path("zeros.gz"), limit: 999, remedy: "")
    }

    #expect(
      error?.description
        == "\(folder.path("zeros.gz")): it inflates to more than 999 bytes, which its format cannot hold")
  }
}
