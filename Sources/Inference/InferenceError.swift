/// What can prevent integer inference.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
  /// The quantized model was made in a mode whose values are partly FP32.
  case unquantizedValues(percent: Double)
  /// A parameter or output has no grid.
  case notQuantized(String)
  /// A grid that integer kernels do not run.
  case unsupportedGrid(node: String, grid: String)
  /// A layer without an integer form.
  case unsupportedLayer(node: String, kind: String)
  /// More codes than fit a byte.
  case tooManyLevels(node: String, levels: Int)
  /// Sums that may leave 32 bits.
  case accumulatorOverflow(node: String, bound: Double)
  /// A ratio of scales outside what a fixed-point multiplier expresses.
  case multiplier(node: String, value: Double)
  /// A bias that needs more than 32 bits at the sums' scale.
  case biasOverflow(node: String, channel: Int, value: Double)
  /// Shapes that do not fit.
  case shape(node: String, String)
  /// Values that do not fit the network's input.
  case input(found: String, expected: String)
  /// An input value that is NaN or infinite.
  case notFinite(index: Int)
  /// A packed model whose content makes no sense.
  case content(String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .unquantizedValues(let percent):
      "mode 'published' leaves \(rounded(percent)) % of the values in FP32, so there is no integer form. Quantize with mode 'clamp'."
    case .notQuantized(let name):
      "'\(name)' is not quantized; integer inference needs a grid for every weight and activation. Quantize it too."
    case .unsupportedGrid(let node, let grid):
      "node '\(node)': integer kernels do not run \(grid). Use equal edges with tensor or channel groups, per value."
    case .unsupportedLayer(let node, let kind):
      "node '\(node)': layer '\(kind)' has no integer form. Replace it, or keep the model fake-quantized."
    case .tooManyLevels(let node, let levels):
      "node '\(node)': \(levels) levels do not fit a byte. Use at most 256, K * (2^b - 1) + 1."
    case .accumulatorOverflow(let node, let bound):
      "node '\(node)': sums may reach \(bound), beyond 2^31. Use fewer bits or a shorter reduction."
    case .multiplier(let node, let value):
      "node '\(node)': the ratio of scales \(value) is outside 2^-32 ..< 2^30 or overflows the sums. Check the ranges."
    case .biasOverflow(let node, let channel, let value):
      "node '\(node)': the bias of channel \(channel) is \(value) steps, beyond 2^31. Check its weights' range."
    case .shape(let node, let problem): "node '\(node)': \(problem)."
    case .input(let found, let expected): "the network reads \(expected), got \(found)."
    case .notFinite(let index): "input value \(index) is NaN or infinite. Clean the images."
    case .content(let problem): "packed model: \(problem). The file is damaged; write it again."
    }
  }

  private func rounded(_ percent: Double) -> Double { (percent * 100).rounded() / 100 }
}
