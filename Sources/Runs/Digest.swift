import CDigest

/// SHA-256 digests in hexadecimal.
public enum Digest {
  /// The digest of bytes.
  public static func hex(_ bytes: [UInt8]) -> String {
    taking { SHA256Data(bytes, bytes.count, $0) } ?? ""
  }

  /// The digest of a text's UTF-8.
  public static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

  /// The digest of a file; `nil` when it cannot be read.
  public static func hex(file path: String) -> String? { taking { SHA256File(path, $0) } }

  private static func taking(_ digest: (UnsafeMutablePointer<CChar>) -> UnsafeMutablePointer<CChar>?)
    -> String?
  {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 2 * Int(SHA256_DIGEST_LENGTH) + 1) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      return digest(start).map { String(cString: $0) }
    }
  }
}
