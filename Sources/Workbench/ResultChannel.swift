#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Carries the result of a worker to the process that started it, beside standard output.
public struct ResultChannel: Sendable {
  /// What ended a worker that met a limit.
  public enum Limit: String, Sendable {
    /// The wall clock.
    case time
    /// Time of the processor.
    case processorTime
    /// Memory of Lua and native objects.
    case memory
    /// Instructions of Lua.
    case instructions
    /// The size of a written file.
    case fileSize
  }

  /// One message; a worker sends at most one.
  public enum Message: Sendable, Equatable {
    /// The bytes of its result.
    case value([UInt8])
    /// The limit that ended it.
    case limit(Limit)
  }

  /// The descriptor that a worker finds open.
  static let descriptor: Int32 = 3
  /// The variable that tells a process that it is one.
  static let variable = "AUGQ_WORKER"

  /// The channel of this process when an ``IsolatedProcess`` started it, else nil.
  public static var inherited: ResultChannel? { getenv(variable) == nil ? nil : ResultChannel() }

  /// Sends a message; a parent that is gone is not an error.
  public func send(_ message: Message) {
    let bytes = Self.encoded(message)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { write(Self.descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      sent += count
    }
  }

  static func encoded(_ message: Message) -> [UInt8] {
    switch message {
    case .value(let bytes): [UInt8(ascii: "V")] + bytes
    case .limit(let limit): [UInt8(ascii: "L")] + Array(limit.rawValue.utf8)
    }
  }

  static func decoded(_ bytes: [UInt8]) -> Message? {
    switch bytes.first {
    case UInt8(ascii: "V"): .value(Array(bytes.dropFirst()))
    case UInt8(ascii: "L"):
      Limit(rawValue: String(decoding: bytes.dropFirst(), as: UTF8.self)).map { .limit($0) }
    default: nil
    }
  }
}
