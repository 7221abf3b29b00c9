#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Layers
public import Tensors

/// A safetensors file: named tensors behind a JSON header, mapped into memory.
///
/// Layout: 8 bytes little-endian header length, the header `{name: {dtype, shape, data_offsets}}`, the data.
/// Every entry is checked before the first one is read: known type, offsets inside the file, in order and without
/// overlap, bytes equal to the shape's.
public struct SafetensorsFile: Sendable {
  /// The type of a tensor's values.
  public enum ElementType: String, Sendable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u8 = "U8"
    case bool = "BOOL"

    /// Bytes per value.
    public var size: Int {
      switch self {
      case .f64, .i64: 8
      case .f32, .i32: 4
      case .f16, .bf16, .i16: 2
      case .i8, .u8, .bool: 1
      }
    }
  }

  /// One tensor of the file.
  public struct Entry: Sendable {
    /// The type of the values.
    public let type: ElementType
    /// The extents.
    public let shape: Shape
    let range: Range<Int>
  }

  /// Where the file is.
  public var path: String { file.path }
  /// The free-form texts of the header.
  public let metadata: [String: String]
  /// The tensors' names, sorted.
  public let names: [String]
  private let entries: [String: Entry]
  private let file: MappedFile

  /// Maps a file and checks its header.
  ///
  /// - Throws: ``InterchangeError`` naming the file and the first thing that is wrong.
  public init(path: String) throws(InterchangeError) { try self.init(MappedFile(path: path)) }

  /// Checks the header of a file that is in memory.
  ///
  /// - Throws: ``InterchangeError`` naming the file and the first thing that is wrong.
  package init(_ file: MappedFile) throws(InterchangeError) {
    self.file = file
    let path = file.path
    func malformed(_ problem: String) -> InterchangeError { .malformed(path: path, problem: problem) }
    func damaged(_ problem: String) -> InterchangeError { .damaged(path: path, problem: problem) }
    let bytes = file.bytes
    if isPickle(bytes, path) { throw .pickle(path: path) }
    guard bytes.count >= 8 else {
      throw damaged(
        "\(bytes.count) bytes are too few for a safetensors file, which begins with 8 bytes of length")
    }
    let length = bytes.loadUnaligned(as: UInt64.self).littleEndian
    guard length <= UInt64(bytes.count - 8) else {
      throw malformed(
        "the header claims \(length) bytes, but only \(bytes.count - 8) follow. The file is truncated or no safetensors file: fetch or save it again."
      )
    }
    guard length <= Self.headerLimit else {
      throw malformed(
        "the header claims \(length) bytes, but the format allows \(Self.headerLimit). It is no safetensors file."
      )
    }
    let header: JSONValue
    do {
      header = try JSONValue(parsing: bytes[8..<8 + Int(length)])
    } catch {
      throw damaged("the header is not valid JSON: \(error)")
    }
    guard case .object(let members) = header else { throw damaged("the header is not a JSON object") }
    let start = 8 + Int(length)
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    for member in members {
      if member.key == "__metadata__" {
        guard case .object(let texts) = member.value else { throw damaged("__metadata__ is not an object") }
        for text in texts {
          guard let value = text.value.text else {
            throw damaged("__metadata__ '\(text.key)' is not a text")
          }
          metadata[text.key] = value
        }
      } else {
        entries[member.key] = try Entry(member, start: start, fileSize: bytes.count, path: path)
      }
    }
    try checkLayout(entries, start..<bytes.count, path)
    self.entries = entries
    self.metadata = metadata
    names = entries.keys.sorted()
  }

  /// The format's own limit.
  private static let headerLimit: UInt64 = 100_000_000

  /// The type and shape of a tensor.
  ///
  /// - Throws: ``InterchangeError/noTensor(path:name:nearest:)``.
  public func entry(_ name: String) throws(InterchangeError) -> Entry {
    if let entry = entries[name] { return entry }
    let nearest = names.sorted { (editDistance($0, name), $0) < (editDistance($1, name), $1) }.prefix(3)
    throw .noTensor(path: path, name: name, nearest: Array(nearest))
  }

  /// The bytes of a tensor, little-endian; valid while the file value lives.
  public func withBytes<R>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let entry = try entry(name)
    return try body(UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]))
  }

  /// Reads a floating-point tensor as FP32.
  ///
  /// - Throws: ``InterchangeError`` when there is no such tensor or it holds integers.
  public func tensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    return try withBytes(name) { bytes in
      try Tensor(entry.shape) { target in
        for i in 0..<entry.shape.count {
          switch entry.type {
          case .f32: target[i] = bytes.loadUnaligned(fromByteOffset: 4 * i, as: Float.self)
          case .f64: target[i] = Float(bytes.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))
          case .f16: target[i] = Float(halfBits: bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
          case .bf16:
            let bits = bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
            target[i] = Float(bitPattern: UInt32(bits) << 16)
          default:
            throw InterchangeError.wrongType(
              path: path, name: name, type: entry.type.rawValue, wanted: "a floating-point type")
          }
        }
      }
    }
  }

  /// Reads an integer tensor.
  ///
  /// - Throws: ``InterchangeError`` when there is no such tensor or it holds floating-point values.
  public func integers(_ name: String) throws -> [Int] {
    let entry = try entry(name)
    return try withBytes(name) { bytes in
      try (0..<entry.shape.count).map { i in
        switch entry.type {
        case .i64: Int(bytes.loadUnaligned(fromByteOffset: 8 * i, as: Int64.self))
        case .i32: Int(bytes.loadUnaligned(fromByteOffset: 4 * i, as: Int32.self))
        case .i16: Int(bytes.loadUnaligned(fromByteOffset: 2 * i, as: Int16.self))
        case .i8: Int(Int8(bitPattern: bytes[i]))
        case .u8, .bool: Int(bytes[i])
        default:
          throw InterchangeError.wrongType(
            path: path, name: name, type: entry.type.rawValue, wanted: "an integer type")
        }
      }
    }
  }

  /// All floating-point tensors, by name.
  public func tensors() throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for name in names where [.f32, .f64, .f16, .bf16].contains(try entry(name).type) {
      result[name] = try tensor(name)
    }
    return result
  }

  /// Writes tensors as FP32 in the order of their names: the same tensors give the same bytes.
  ///
  /// - Throws: ``InterchangeError/unwritable(path:reason:)``; an old file is then as it was.
  public static func write(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
  ) throws(InterchangeError) {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map {
        "\(JSONValue.literal($0.key)):\(JSONValue.literal($0.value))"
      }
      members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var offset = 0
    let sorted = tensors.sorted { $0.key < $1.key }
    for (name, tensor) in sorted {
      let end = offset + tensor.storage.byteCount
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      members.append(
        "\(JSONValue.literal(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    // Spaces make the data begin at a multiple of 8, as the format's own writer does.
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    var bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
    bytes.reserveCapacity(bytes.count + offset)
    for (_, tensor) in sorted { tensor.withValues { bytes += UnsafeRawBufferPointer($0) } }
    let content = bytes
    let result: Result<Void, InterchangeError> = content.withUnsafeBytes { buffer in
      Result { () throws(InterchangeError) in try AtomicFile.write([buffer], to: path) }
    }
    try result.get()
  }
}

extension SafetensorsFile.Entry {
  fileprivate init(_ member: JSONValue.Member, start: Int, fileSize: Int, path: String)
    throws(InterchangeError)
  {
    func malformed(_ problem: String) -> InterchangeError {
      .malformed(path: path, problem: "tensor '\(member.key)': \(problem)")
    }
    func damaged(_ problem: String) -> InterchangeError {
      .damaged(path: path, problem: "tensor '\(member.key)': \(problem)")
    }
    guard let name = member.value["dtype"]?.text, let type = SafetensorsFile.ElementType(rawValue: name)
    else {
      throw malformed(
        "unknown dtype \(member.value["dtype"]?.text ?? "(none)"). Save weights as F64, F32, F16 or BF16.")
    }
    let extents = member.value["shape"]?.elements?.map(\.integer) ?? [nil]
    guard extents.allSatisfy({ $0.map { $0 >= 0 } ?? false }) else {
      throw damaged("the shape is not a list of extents")
    }
    let dimensions = extents.compactMap { $0 }
    let offsets = member.value["data_offsets"]?.elements?.compactMap(\.integer) ?? []
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw damaged("data offsets \(offsets) are no begin and end")
    }
    guard offsets[1] <= fileSize - start else {
      throw malformed(
        "data offsets \(offsets) are not within the \(fileSize - start) bytes of data. The file is truncated: fetch or save it again."
      )
    }
    var count = 1
    for extent in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Int.max / 8 else { throw damaged("shape \(dimensions) overflows") }
      count = product
    }
    guard count * type.size == offsets[1] - offsets[0] else {
      throw damaged(
        "shape \(dimensions) of \(name) needs \(count * type.size) bytes, but its offsets span \(offsets[1] - offsets[0])"
      )
    }
    self.init(type: type, shape: Shape(dimensions), range: start + offsets[0]..<start + offsets[1])
  }
}

/// Whether a file is one of PyTorch's pickles: a zip archive, a pickle of protocol 2 to 5, or named as one.
///
/// What has `{` behind the header's length is not: a header of 640 bytes begins as a pickle of protocol 2.
private func isPickle(_ bytes: UnsafeRawBufferPointer, _ path: String) -> Bool {
  if bytes.count > 8, bytes[8] == UInt8(ascii: "{") { return false }
  return bytes.starts(with: [0x50, 0x4B, 3, 4])
    || bytes.count > 1 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
    || isNamedAsPickle(path)
}

/// Whether a file has an ending that PyTorch's users give to pickles.
package func isNamedAsPickle(_ path: String) -> Bool {
  [".pt", ".pth", ".th"].contains { path.hasSuffix($0) }
}

/// Tensors follow each other without gap or overlap and fill the file, as the format demands.
private func checkLayout(
  _ entries: [String: SafetensorsFile.Entry], _ data: Range<Int>, _ path: String
) throws(InterchangeError) {
  var end = data.lowerBound
  let sorted = entries.sorted {
    ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key) < (
      $1.value.range.lowerBound, $1.value.range.upperBound, $1.key
    )
  }
  for (name, entry) in sorted {
    guard entry.range.lowerBound >= end else {
      throw .damaged(path: path, problem: "tensor '\(name)' overlaps the one before it")
    }
    guard entry.range.lowerBound == end else {
      throw .damaged(
        path: path,
        problem: "\(entry.range.lowerBound - end) bytes before tensor '\(name)' belong to no tensor")
    }
    end = entry.range.upperBound
  }
  guard end == data.upperBound else {
    throw .damaged(path: path, problem: "\(data.upperBound - end) bytes at the end belong to no tensor")
  }
}

extension Float {
  /// The value of an IEEE half-precision pattern.
  init(halfBits bits: UInt16) {
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    let exponent = Int(bits >> 10 & 31)
    let fraction = Float(bits & 1023) / 1024
    self =
      switch exponent {
      case 0: sign * fraction * 0x1p-14
      case 31: fraction == 0 ? sign * .infinity : .nan
      default: sign * scalbnf(1 + fraction, Int32(exponent - 15))
      }
  }
}
