import Foundation
import FuzzTargets
import Interchange
import Tensors
import TestSupport
import Testing

/// The fuzzers' corpus and deterministic damage to it: a reader accepts a file or throws, whatever the bytes are.
@Suite struct ReplayTests {
  static let readers: [String: @Sendable (UnsafeRawBufferPointer) -> Bool] = [
    "onnx": { FileReaders.onnx($0) }, "safetensors": { FileReaders.safetensors($0) },
  ]

  /// Files of the corpus, by name.
  static func corpus(_ reader: String) throws -> [(name: String, bytes: [UInt8])] {
    let folder = AugqProcess.packageFolder.appendingPathComponent("Tests/Fuzzing/corpus/\(reader)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      ($0, [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))))
    }
  }

  @Test(arguments: readers.keys.sorted())
  func everyFileOfTheCorpusIsReadOrRefused(_ name: String) throws {
    let reader = try #require(Self.readers[name])
    let files = try Self.corpus(name)

    let accepted = files.count { file in file.bytes.withUnsafeBytes { reader($0) } }

    #expect(accepted > 0 && files.count > accepted)
  }

  /// Each file cut at every 7th byte, and changed 60 times by one of ``mutate(_:_:)``.
  @Test(arguments: readers.keys.sorted())
  func damagedFilesNeverTrap(_ name: String) throws {
    let reader = try #require(Self.readers[name])
    var random = RandomSource(seed: 9)
    var tried = 0
    for file in try Self.corpus(name) {
      for end in stride(from: 0, to: file.bytes.count, by: 7) {
        _ = file.bytes[..<end].withUnsafeBytes { reader($0) }
        tried += 1
      }
      for _ in 0..<60 {
        var bytes = file.bytes
        for _ in 0...random.integer(below: 3) { mutate(&bytes, &random) }
        _ = bytes.withUnsafeBytes { reader($0) }
        tried += 1
      }
    }
    print("\(name): \(tried) damaged files")
    #expect(tried > 300)
  }

  /// Overwrites a byte, inserts an extreme varint, removes a run, or copies a run to another place.
  private func mutate(_ bytes: inout [UInt8], _ random: inout RandomSource) {
    guard !bytes.isEmpty else { return }
    let place = random.integer(below: bytes.count)
    let length = min(bytes.count - place, 1 + random.integer(below: 8))
    switch random.integer(below: 5) {
    case 0: bytes[place] = UInt8(random.integer(below: 256))
    case 1: bytes[place] ^= 1 << UInt8(random.integer(below: 8))
    case 2: bytes.replaceSubrange(place..<place + 1, with: [UInt8](repeating: 255, count: 9) + [1])
    case 3: bytes.removeSubrange(place..<place + length)
    default:
      let run = bytes[place..<place + length]
      bytes.insert(contentsOf: run, at: random.integer(below: bytes.count))
    }
  }
}
