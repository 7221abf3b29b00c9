import Quantizers
import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct GoldenTests {
  @Test(.enabled(if: SharedData.isPresent))
  func publishedModeReproducesTheAuthorsValues() throws {
    let tensors = try readFloats(SharedData.path("golden/augq_reference.safetensors"))
    let report = try GoldenCheck.compare(tensors)
    #expect(report.mismatches == [])
    #expect(report.tensors == tensors.count - tensors.keys.count { $0.hasSuffix(".x") })
    #expect(report.values > 10_000)
    // Ties and edges are rare: an exemption for many values would hide a wrong grid.
    #expect(report.ties * 1000 < report.values, "\(report.ties) of \(report.values)")
  }

  @Test(.enabled(if: SharedData.isPresent))
  func oneChangedValueIsReported() throws {
    var tensors = try readFloats(SharedData.path("golden/augq_reference.safetensors"))
    let key = try #require(tensors.keys.first { $0.hasSuffix("b4.y") })
    tensors[key]?[5] += 0.1
    let mismatches = try GoldenCheck.compare(tensors).mismatches
    #expect(mismatches.count == 1)
    #expect(mismatches.first?.hasPrefix("\(key): 1 of ") == true)
  }

  /// Reads the FP32 tensors of a safetensors file whose header is plain ASCII without escapes.
  func readFloats(_ path: String) throws -> [String: Tensor] {
    let file = try #require(fopen(path, "rb"))
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    let size = bytes.count
    #expect(fread(&bytes, 1, size, file) == size)
    let headerSize = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = String(decoding: bytes[8..<8 + headerSize], as: UTF8.self)
    let pattern =
      /"([^"]+)":\s*\{"dtype":\s*"F32",\s*"shape":\s*\[([0-9, ]*)\],\s*"data_offsets":\s*\[(\d+),\s*(\d+)\]/
    var tensors: [String: Tensor] = [:]
    for match in header.matches(of: pattern) {
      let shape = Shape(match.2.split { !$0.isNumber }.compactMap { Int($0) })
      let start = try #require(Int(match.3))
      tensors[String(match.1)] = Tensor(shape) { target in
        bytes.withUnsafeBytes { raw in
          for i in 0..<target.count {
            target[i] = raw.loadUnaligned(fromByteOffset: 8 + headerSize + start + 4 * i, as: Float.self)
          }
        }
      }
    }
    return tensors
  }
}
