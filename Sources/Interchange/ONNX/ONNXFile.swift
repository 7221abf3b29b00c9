#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
public import Layers
import SwiftProtobuf

/// An ONNX file, opset 11 to 20, read into messages and checked for its size.
///
/// ``model(output:)`` turns it into a network in our layouts: images `[H, W, C]`, weights `[O, kH, kW, I]`. A file may
/// contain anything; whatever it contains, reading ends with a network or an ``InterchangeError``, in memory that is
/// bounded by a multiple of the file's size.
public struct ONNXFile: Sendable {
  /// Where the file is.
  public let path: String
  private let proto: ONNXModelProto
  private let byteCount: Int

  /// Reads a file.
  ///
  /// - Throws: ``InterchangeError`` when there is no such file or it is no ONNX model.
  public init(path: String) throws(InterchangeError) {
    let file = try MappedFile(path: path)
    try self.init(bytes: file.bytes, path: path)
    withExtendedLifetime(file) {}
  }

  /// Reads the bytes of a file; `path` is only named in errors.
  ///
  /// - Throws: ``InterchangeError/malformed(path:problem:)``.
  package init(bytes: UnsafeRawBufferPointer, path: String) throws(InterchangeError) {
    let count = ONNXWire.messageCount(bytes, limit: Self.messageLimit)
    guard count <= Self.messageLimit else {
      throw .malformed(
        path: path,
        problem: "it has more than \(Self.messageLimit) messages, which no network of this workbench has")
    }
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    options.messageDepthLimit = 16
    let data =
      bytes.baseAddress.map {
        Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: $0), count: bytes.count, deallocator: .none)
      } ?? Data()
    do {
      proto = try ONNXModelProto(serializedBytes: data, options: options)
    } catch {
      throw .malformed(
        path: path, problem: "it is no ONNX model, or a damaged one (\(error)). Export or fetch it again.")
    }
    self.path = path
    byteCount = bytes.count
  }

  /// Imports a message made in memory; `path` is only named in errors.
  package init(_ proto: ONNXModelProto, path: String) {
    self.proto = proto
    self.path = path
    byteCount = 0
  }

  /// Bounds the memory of parsed messages: an empty message takes 2 bytes in a file and some 200 in memory.
  private static let messageLimit = 1 << 20

  /// The names of the graph's results, in the file's order.
  public var outputs: [String] { proto.graph.output.map(\.name) }

  /// Returns the network that computes one of the results, without what other results alone need.
  ///
  /// - Parameter output: Name of the result; the first one when `nil`.
  /// - Throws: ``InterchangeError/unsupported(path:what:)`` that lists every operator we do not have,
  ///   ``InterchangeError/malformed(path:problem:)`` that names the node when the file contradicts itself.
  public func model(output: String? = nil) throws(InterchangeError) -> Model {
    do {
      var importer = try ONNXImporter(proto, valueBudget: Self.smallestBudget + 4 * byteCount)
      return try importer.model(output: output)
    } catch let problem as ONNXProblem {
      switch problem {
      case .malformed(let text): throw .malformed(path: path, problem: text)
      case .unsupported(let list): throw .unsupported(path: path, what: list)
      }
    } catch {
      throw .malformed(path: path, problem: "\(error)")
    }
  }

  /// The operators whose use on values computed from the images is known.
  package static var operators: Set<String> { Set(ONNXOperators.table.keys) }

  /// Values that weights and folded constants may have beyond four for each byte of the file: layers may share weights,
  /// but a small file must not fill the memory.
  private static let smallestBudget = 1 << 22
}

/// Why a file cannot be imported; the file's path is added at the edge.
enum ONNXProblem: Error, CustomStringConvertible {
  /// The file contradicts itself or our limits.
  case malformed(String)
  /// What the file uses and we do not have.
  case unsupported([String])

  var description: String {
    switch self {
    case .malformed(let text): text
    case .unsupported(let list): list.joined(separator: ", ")
    }
  }
}
