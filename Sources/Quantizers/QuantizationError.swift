/// What can go wrong with grids and quantized models; every message gives figures and a remedy.
public enum QuantizationError: Error, Equatable, CustomStringConvertible {
  /// `bits` outside 1...8.
  case bits(Int)
  /// `intervals` outside 1...16.
  case intervals(Int)
  /// The grid has more than 256 levels.
  case tooManyLevels(bits: Int, intervals: Int, levels: Int)
  /// A grid whose number of levels is not in 2...256.
  case levelCount(Int)
  /// A codebook group without levels or with more than 256.
  case codebookSize(Int)
  /// A block size below 1.
  case blockSize(Int)
  /// An axis that the tensor does not have.
  case axis(Int, shape: String)
  /// A tensor whose groups are not those the grid was fitted to.
  case groupMismatch(expected: Int, actual: Int, shape: String)
  /// Edge fractions or ratio that do not divide the range.
  case edges(String)
  /// Options that exclude each other.
  case incompatible(String)
  /// NaN or infinite values.
  case notFinite(count: Int, first: Int, total: Int)
  /// Nothing to fit a grid to.
  case emptyCalibration(String)
  /// Codes of a published grid, which leaves values in FP32.
  case publishedHasNoCodes
  /// An observer's parameter outside its range.
  case observer(String)
  /// What is wrong with the values of one parameter or node.
  indirect case place(String, QuantizationError)
  /// A key without a parameter, or a node name that is not in the graph.
  case unknown(String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .bits(let bits): "bits is \(bits); choose 1 to 8"
    case .intervals(let count): "intervals is \(count); choose 1 to 16"
    case .tooManyLevels(let bits, let intervals, let levels):
      "\(intervals) intervals of \(bits) bits make \(levels) levels and a code holds at most 256; "
        + "use fewer bits or fewer intervals"
    case .levelCount(let count): "a grid has 2 to 256 levels, not \(count); give another number of levels"
    case .codebookSize(let count):
      "a codebook has 1 to 256 levels per group, not \(count); give another number of levels"
    case .blockSize(let size): "a block holds \(size) values; give a size of at least 1"
    case .axis(let axis, let shape):
      "axis \(axis) does not exist in a tensor of shape \(shape); axes count from 0"
    case .groupMismatch(let expected, let actual, let shape):
      "the grid has \(expected) groups but a tensor of shape \(shape) has \(actual); fit the grid to a tensor of this shape"
    case .edges(let what): what
    case .incompatible(let what): what
    case .notFinite(let count, let first, let total):
      "\(count) of \(total) values are NaN or infinite, the first at index \(first); "
        + "check the weights or the calibration images"
    case .emptyCalibration(let what):
      "there are no calibration values for \(what); give at least one calibration image"
    case .publishedHasNoCodes:
      "a grid in published mode leaves values in FP32, which have no codes; use mode clamp to pack or compile"
    case .observer(let what): what
    case .place(let key, let reason): "\(key): \(reason)"
    case .unknown(let what): what
    }
  }
}
