import CZlib

/// Reads files that may be gzip-compressed, by the name's ending.
package enum Gzip {
  /// The content of a file, inflated when its name ends in `.gz`.
  ///
  /// - Throws: ``InterchangeError`` for a missing file, a truncated or damaged stream, or one that inflates to more
  ///   than `limit` bytes.
  package static func contents(of path: String, limit: Int, remedy: String) throws(InterchangeError)
    -> [UInt8]
  {
    let file: MappedFile
    do {
      file = try MappedFile(path: path)
    } catch {
      if case .unreadable(_, let reason, _) = error {
        throw .unreadable(path: path, reason: reason, remedy: remedy)
      }
      throw error
    }
    return path.hasSuffix(".gz") ? try inflated(file, limit: limit) : file.withBytes { Array($0) }
  }

  private static func inflated(_ file: MappedFile, limit: Int) throws(InterchangeError) -> [UInt8] {
    var stream = z_stream()
    // 16 asks for the gzip wrapper and its checksum.
    guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      throw .malformed(path: file.path, problem: "zlib could not start")
    }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 18)
    // zlib counts input in 32 bits: larger files are fed in pieces.
    let piece = 1 << 30
    var fed = 0
    var status = Z_OK
    while status == Z_OK {
      if stream.avail_in == 0, fed < file.bytes.count {
        let count = min(piece, file.bytes.count - fed)
        stream.next_in = file.bytes.baseAddress.map {
          UnsafeMutablePointer(mutating: ($0 + fed).assumingMemoryBound(to: UInt8.self))
        }
        stream.avail_in = UInt32(count)
        fed += count
      }
      let capacity = block.count
      let produced = block.withUnsafeMutableBufferPointer { buffer in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(capacity)
        status = inflate(&stream, Z_NO_FLUSH)
        return capacity - Int(stream.avail_out)
      }
      output += block[..<produced]
      if output.count > limit {
        throw .malformed(
          path: file.path, problem: "it inflates to more than \(limit) bytes, which its format cannot hold")
      }
      let hasMore = stream.avail_in > 0 || fed < file.bytes.count
      if status == Z_STREAM_END, hasMore {
        // gzip files put one after the other are one file (RFC 1952, section 2.2).
        status = inflateReset(&stream)
      } else if status == Z_OK, produced == 0, !hasMore {
        status = Z_BUF_ERROR
      }
    }
    guard status == Z_STREAM_END else {
      let problem =
        status == Z_BUF_ERROR
        ? "the compressed stream ends early, after \(file.bytes.count) bytes that inflate to \(output.count). Fetch the file again."
        : "the compressed stream is damaged (zlib status \(status)) after \(output.count) inflated bytes. Fetch the file again."
      throw .malformed(path: file.path, problem: problem)
    }
    return output
  }
}
