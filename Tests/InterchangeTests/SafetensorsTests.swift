import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

/// A damaged file and the problem that its error names.
struct Damage: Sendable, CustomStringConvertible {
  let header: String
  var data = 8
  let problem: String
  var description: String { problem }

  var bytes: Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
      + Data(count: data)
  }
}

@Suite struct SafetensorsTests {
  private static let damaged = ". The file is damaged: fetch or save it again."
  static let damages = [
    Damage(header: "{", problem: "the header is not valid JSON: no key at byte 1" + damaged),
    Damage(header: "[]", problem: "the header is not a JSON object" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#,
      problem:
        "tensor 'a': unknown dtype F99. Save weights as F64, F32, F16 or BF16."),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}"#,
      problem:
        "tensor 'a': data offsets [0, 80] are not within the 8 bytes of data. The file is truncated: fetch or save it again."
    ),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
      problem: "tensor 'a': data offsets [8, 0] are no begin and end" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[2]}}"#,
      problem: "tensor 'a': data offsets [] are no begin and end" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
      problem: "tensor 'a': shape [3] of F32 needs 12 bytes, but its offsets span 8" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#,
      problem: "tensor 'a': the shape is not a list of extents" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[4000000000,4000000000],"data_offsets":[0,8]}}"#,
      problem: "tensor 'a': shape [4000000000, 4000000000] overflows" + damaged),
    Damage(
      header:
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
      problem: "tensor 'b' overlaps the one before it" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      problem: "4 bytes before tensor 'a' belong to no tensor" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 24,
      problem: "16 bytes at the end belong to no tensor" + damaged),
    Damage(
      header: #"{"__metadata__":{"a":1}}"#, data: 0, problem: "__metadata__ 'a' is not a text" + damaged),
    Damage(
      header: #"{"a":{"dtype":"F32","shape":[+01.0],"data_offsets":[0,4]}}"#,
      problem: "the header is not valid JSON: no value at byte 29" + damaged),
    Damage(
      header:
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      problem: "the header is not valid JSON: key 'a' twice at byte 57" + damaged),
  ]

  @Test(arguments: damages)
  func damagedFilesAreRefused(_ damage: Damage) throws {
    let folder = try Scratch()
    try folder.write(damage.bytes, to: "x.safetensors")
    let path = folder.path("x.safetensors")

    #expect(throws: InterchangeError.malformed(path: path, problem: damage.problem)) {
      try SafetensorsFile(path: path)
    }
  }

  @Test func shortAndCutFilesAreRefused() throws {
    let folder = try Scratch()
    let path = folder.path("x")
    try folder.write(Data([1, 2, 3]), to: "x")
    #expect(
      throws: InterchangeError.malformed(
        path: path,
        problem: "3 bytes are too few for a safetensors file, which begins with 8 bytes of length"
          + Self.damaged
      )
    ) { try SafetensorsFile(path: path) }
    try folder.write(Data([255, 255, 0, 0, 0, 0, 0, 0, 1]), to: "x")
    #expect(
      throws: InterchangeError.malformed(
        path: path,
        problem:
          "the header claims 65535 bytes, but only 1 follow. The file is truncated or no safetensors file: fetch or save it again."
      )
    ) { try SafetensorsFile(path: path) }
  }

  @Test func headersThatWouldFillTheMemoryAreRefused() throws {
    let folder = try Scratch()
    let path = folder.path("x")
    try folder.write(withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { Data($0) }, to: "x")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: 100_000_009)
    try handle.close()
    #expect(
      throws: InterchangeError.malformed(
        path: path,
        problem:
          "the header claims 100000001 bytes, but the format allows 100000000. It is no safetensors file.")
    ) { try SafetensorsFile(path: path) }

    let values = "[" + String(repeating: "1,", count: 1 << 21)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(values.utf8)) }
    #expect(error?.description == "more than 2097152 values at byte 4194303")
  }

  @Test func writtenTensorsComeBackAndBytesDoNotDependOnTheOrder() throws {
    let folder = try Scratch()
    let tensors = [
      "b.weight": Tensor([2, 3], [1, -2, 3.5, 0, .infinity, 0x1p-140]), "a": Tensor([0], []),
      "é \"q\"": Tensor([], [7]),
    ]
    try SafetensorsFile.write(tensors, metadata: ["made": "by a test"], to: folder.path("x"))
    let reordered = Dictionary(uniqueKeysWithValues: tensors.sorted { $0.key > $1.key })
    try SafetensorsFile.write(reordered, metadata: ["made": "by a test"], to: folder.path("y"))

    let file = try SafetensorsFile(path: folder.path("x"))

    #expect(file.names == tensors.keys.sorted())
    #expect(file.metadata == ["made": "by a test"])
    for (name, tensor) in tensors {
      #expect(try file.tensor(name).values == tensor.values)
      #expect(try file.tensor(name).shape == tensor.shape)
    }
    #expect(
      try Data(contentsOf: folder.url.appending(path: "x"))
        == Data(contentsOf: folder.url.appending(path: "y")))
  }

  @Test func missingTensorsNameTheNearest() throws {
    let folder = try Scratch()
    try SafetensorsFile.write(
      ["conv1.weight": Tensor([1], [0]), "fc.bias": Tensor([1], [0])], to: folder.path("x"))
    let file = try SafetensorsFile(path: folder.path("x"))

    #expect(
      throws: InterchangeError.noTensor(
        path: folder.path("x"), name: "conv1.weigth", nearest: ["conv1.weight", "fc.bias"])
    ) { try file.tensor("conv1.weigth") }
  }

  @Test func aFailedWriteLeavesTheOldFile() throws {
    let folder = try Scratch()
    try folder.write("precious", to: "sub/x")
    let path = folder.path("missing/x")

    #expect(throws: InterchangeError.unwritable(path: path, reason: "No such file or directory")) {
      try SafetensorsFile.write(["a": Tensor([1], [0])], to: path)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["sub"])
  }

  /// Half-precision patterns with known values: zero, one, -2, the largest, the least subnormal, infinity.
  @Test func halfPrecisionIsReadExactly() throws {
    let patterns: [UInt16] = [0x0000, 0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00]
    let header =
      #"{"h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]}}"#
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
    for pattern in patterns + [0x3FC0] {
      withUnsafeBytes(of: pattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    let folder = try Scratch()
    try folder.write(bytes, to: "x")

    let file = try SafetensorsFile(path: folder.path("x"))

    #expect(try file.tensor("h").values == [0, 1, -2, 65504, 0x1p-24, .infinity])
    #expect(try file.tensor("b").values == [1.5])
  }

  /// PyTorch writes zip archives, and wrote pickles of protocol 2 before; the third is neither, but its name says so.
  @Test(arguments: [
    [0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0, 0], [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1],
  ])
  func picklesAreExplainedWithTheCommandThatConvertsThem(_ bytes: [UInt8]) throws {
    let folder = try Scratch()
    try folder.write(Data(bytes), to: "a.b/net.th")
    let path = folder.path("a.b/net.th")

    let error = #expect(throws: InterchangeError.pickle(path: path)) { try SafetensorsFile(path: path) }

    #expect(
      error?.description == """
        \(path) is a Python pickle of PyTorch, which runs code when it is read. Convert it where PyTorch is installed: \
        python3 -c "import torch, safetensors.torch; d = torch.load('\(path)', map_location='cpu', weights_only=True); \
        d = d.get('state_dict', d); safetensors.torch.save_file({k: v.contiguous().clone() for k, v in d.items()}, \
        '\(folder.path("a.b/net")).safetensors')"
        """)
  }

  @Test func theCommandQuotesPathsForPythonAndTheShell() {
    let text = InterchangeError.pickle(path: #"it's "a" $HOME\b.pt"#).description

    #expect(text.contains(#"torch.load('it\\'s \"a\" \$HOME\\\\b.pt', map"#), "\(text)")
  }

  /// The length 640 of a header begins with the bytes of a pickle of protocol 2.
  @Test func aHeaderThatBeginsLikeAPickleIsRead() throws {
    let folder = try Scratch()
    let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    let file = Damage(header: header.padding(toLength: 640, withPad: " ", startingAt: 0), problem: "none")
    try folder.write(file.bytes, to: "x")

    #expect(try Data(contentsOf: folder.url.appending(path: "x")).prefix(2) == Data([0x80, 2]))
    #expect(try SafetensorsFile(path: folder.path("x")).names == ["a"])
  }
}
