import Interchange
import LuaRuntime

/// The options that say how networks read the stored values of a data set.
struct DatasetNormalization {
  private static let list = LuaOption.Kind.any("a number, or a list of one per channel")

  /// `x scale + shift`.
  static let affine = [
    LuaOption("scale", list, default: "1", "factor of the stored values"),
    LuaOption("shift", list, default: "0", "added to them afterwards"),
  ]

  /// All of them.
  static let options =
    [
      LuaOption("mean", list, "subtracted from x / 255"),
      LuaOption("std", list, "divides the difference; with mean"),
    ] + affine

  private let given: [String: [Double]]

  /// Reads the options that were given.
  ///
  /// - Throws: ``LuaUsageError`` for values that are no numbers.
  init(_ options: LuaOptions) throws {
    var given: [String: [Double]] = [:]
    for row in Self.options {
      guard let value = options.value(row.name) else { continue }
      let numbers = value.number.map { [$0] } ?? value.elements?.compactMap(\.number) ?? []
      guard !numbers.isEmpty, numbers.count == value.elements?.count ?? 1 else {
        throw LuaUsageError("option '\(row.name)' is \(value.shown); expected \(row.kind.text)")
      }
      given[row.name] = numbers
    }
    self.given = given
  }

  /// `x scale + shift`.
  var map: ChannelMap {
    get throws { try ChannelMap(scales: given["scale"] ?? [1], shifts: given["shift"] ?? [0]) }
  }

  /// The data set under these options.
  ///
  /// - Throws: ``LuaUsageError`` for a mixture of both forms or none; ``InterchangeError/wrongMap(_:)``.
  func applied(to data: Dataset) throws -> Dataset {
    switch Set(given.keys) {
    case ["mean", "std"]:
      return try data.normalized(mean: given["mean"] ?? [], deviation: given["std"] ?? [])
    case ["scale"], ["shift"], ["scale", "shift"]: return try data.normalized(by: map)
    default: throw LuaUsageError("options must be mean and std, or scale and shift")
    }
  }
}
