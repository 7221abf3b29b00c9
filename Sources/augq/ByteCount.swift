import ArgumentParser

/// A number of bytes as people write it: `1048576`, `512K`, `500M`, `2G`.
struct ByteCount: ExpressibleByArgument {
  let value: Int
  /// As it was written.
  let text: String

  init?(argument: String) {
    let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    let shift = argument.last.flatMap { shifts[$0] }
    guard let number = Int(shift == nil ? argument : String(argument.dropLast())), number > 0,
      number < 1 << 32
    else {
      return nil
    }
    text = argument
    value = number << (shift ?? 0)
  }
}
