/// How stored values become the numbers a network reads: `y = scale[c] x + shift[c]`, c the channel.
public struct ChannelMap: Sendable, Equatable {
  /// One factor per channel, or one for all.
  public let scales: [Double]
  /// One addend per factor.
  public let shifts: [Double]

  /// Bytes as numbers in `0 ... 1`: `x / 255`.
  public static let pixels = ChannelMap(scale: 1 / 255, shift: 0)

  /// Makes a map that is the same for all channels.
  public init(scale: Double, shift: Double) {
    scales = [scale]
    shifts = [shift]
  }

  /// Makes a map; a list of one stands for all channels.
  ///
  /// - Throws: ``InterchangeError/wrongMap(_:)`` when the lists differ in length, or a number is not finite.
  public init(scales: [Double], shifts: [Double]) throws(InterchangeError) {
    let count = max(scales.count, shifts.count)
    guard count > 0, [1, count].contains(scales.count), [1, count].contains(shifts.count) else {
      throw .wrongMap(
        "\(scales.count) scales and \(shifts.count) shifts do not pair. Give one number, or one per channel.")
    }
    guard let wrong = (scales + shifts).first(where: { !Float($0).isFinite }) else {
      self.scales = scales.count == count ? scales : [Double](repeating: scales[0], count: count)
      self.shifts = shifts.count == count ? shifts : [Double](repeating: shifts[0], count: count)
      return
    }
    throw .wrongMap("\(wrong) is not finite in FP32. Give finite scales and shifts.")
  }

  /// Makes `(x / 255 - mean) / deviation`, as PyTorch's pretrained networks need it.
  ///
  /// - Throws: ``InterchangeError/wrongMap(_:)`` when a deviation is not above 0 or the lists do not pair.
  public init(mean: [Double], deviation: [Double]) throws(InterchangeError) {
    if let wrong = deviation.first(where: { !($0 > 0) }) {
      throw .wrongMap("a standard deviation is \(wrong). Give numbers above 0.")
    }
    guard mean.count == deviation.count || mean.count == 1 || deviation.count == 1 else {
      throw .wrongMap(
        "\(mean.count) means and \(deviation.count) standard deviations do not pair. Give one number, or one per channel."
      )
    }
    let count = max(mean.count, deviation.count)
    let pairs = (0..<count).map { (mean[mean.count == 1 ? 0 : $0], deviation[deviation.count == 1 ? 0 : $0]) }
    try self.init(scales: pairs.map { 1 / (255 * $1) }, shifts: pairs.map { -$0 / $1 })
  }

  /// Writes the numbers of bytes, a whole number of pixels of as many channels as the map has.
  ///
  /// - Parameter lowest: The stored value of byte 0.
  func apply(
    to bytes: UnsafeBufferPointer<UInt8>, lowest: Int, _ target: UnsafeMutableBufferPointer<Float>
  ) {
    // A byte has 256 values: the map is a table per channel, rounded once from double.
    let tables = scales.indices.flatMap { channel in
      (0..<256).map { Float(scales[channel] * Double($0 + lowest) + shifts[channel]) }
    }
    tables.withUnsafeBufferPointer { tables in
      for channel in scales.indices {
        for index in stride(from: channel, to: bytes.count, by: scales.count) {
          target[index] = tables[channel << 8 | Int(bytes[index])]
        }
      }
    }
  }

  /// Writes the numbers of stored real numbers.
  func apply(to reals: UnsafeBufferPointer<Float>, _ target: UnsafeMutableBufferPointer<Float>) {
    for channel in scales.indices {
      let (scale, shift) = (scales[channel], shifts[channel])
      for index in stride(from: channel, to: reals.count, by: scales.count) {
        target[index] = Float(scale * Double(reals[index]) + shift)
      }
    }
  }
}
