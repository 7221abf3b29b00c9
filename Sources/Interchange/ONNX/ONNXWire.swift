/// A walk over the bytes of a model file that only counts its messages.
///
/// It keeps nothing, so that a hostile file is refused before its messages are made. Damage is left to the parser.
enum ONNXWire {
  /// Returns the number of messages of the kinds we read, or a number above `limit` when there are more.
  static func messageCount(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Int {
    var walk = Walk(bytes: bytes, limit: limit)
    walk.count(in: 0..<bytes.count, .model)
    return walk.total
  }

  /// The messages that hold messages.
  private enum Kind {
    case model, graph, node, attribute, value, type, tensorType, shape, leaf

    /// The kind of message under a field, `nil` for fields of other types and those we skip.
    func member(_ field: UInt64) -> Kind? {
      switch (self, field) {
      case (.model, 7): .graph
      case (.graph, 1): .node
      case (.graph, 11), (.graph, 12): .value
      case (.node, 5): .attribute
      case (.value, 2): .type
      case (.type, 1): .tensorType
      case (.tensorType, 2): .shape
      case (.model, 8), (.graph, 5), (.graph, 15), (.attribute, 5), (.shape, 1): .leaf
      default: nil
      }
    }
  }

  private struct Walk {
    let bytes: UnsafeRawBufferPointer
    let limit: Int
    var total = 0

    /// Recursion ends after the 6 kinds of ``Kind`` that nest.
    mutating func count(in range: Range<Int>, _ kind: Kind) {
      var position = range.lowerBound
      while position < range.upperBound, total <= limit {
        guard let tag = varint(&position, range.upperBound) else { return }
        var length: UInt64 = 0
        switch tag & 7 {
        case 0: if varint(&position, range.upperBound) == nil { return }
        case 1: length = 8
        case 2:
          guard let count = varint(&position, range.upperBound) else { return }
          length = count
        case 5: length = 4
        default: return
        }
        guard length <= UInt64(range.upperBound - position) else { return }
        let end = position + Int(length)
        if tag & 7 == 2, let member = kind.member(tag >> 3) {
          total += 1
          if member != .leaf { count(in: position..<end, member) }
        }
        position = end
      }
    }

    private func varint(_ position: inout Int, _ end: Int) -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard position < end else { return nil }
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 127) << shift
        if byte < 128 { return value }
      }
      return nil
    }
  }
}
