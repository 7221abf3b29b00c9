/// A call that must fail, and the whole message that it fails with.
public struct Refused: Sendable, CustomStringConvertible {
  /// The message.
  public let message: String
  private let call: @Sendable () throws -> Any

  /// Pairs a message with the call.
  public init(_ message: String, _ call: @escaping @Sendable () throws -> Any) {
    (self.message, self.call) = (message, call)
  }

  /// What the call fails with; `nil` when it succeeds.
  public var outcome: String? {
    do {
      _ = try call()
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// The message.
  public var description: String { message }
}
