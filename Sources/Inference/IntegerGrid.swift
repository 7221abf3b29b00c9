/// The real values that codes stand for: `(code - zeroPoint) * scale`, codes `0 ..< levels`.
public struct IntegerGrid: Hashable, Sendable {
  /// The step.
  public let scale: Double
  /// The code of the value 0.
  public let zeroPoint: Int
  /// The number of codes, at most 256.
  public let levels: Int

  /// Makes a grid.
  public init(scale: Double, zeroPoint: Int, levels: Int = 256) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.levels = levels
  }

  /// The largest distance of a code from the zero point.
  public var reach: Int { max(abs(zeroPoint), abs(levels - 1 - zeroPoint)) }

  /// The value of a code.
  public func value(_ code: Int) -> Double { Double(code - zeroPoint) * scale }
}
