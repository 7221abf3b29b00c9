/// What can go wrong between loading a network and measuring it.
public enum PipelineError: Error, Equatable, CustomStringConvertible {
  /// A data set without images where some are needed.
  case noImages(purpose: String)
  /// A data set without labels where they are needed.
  case noLabels(purpose: String)
  /// Images whose shape is not the network's input.
  case shapeMismatch(images: String, network: String)
  /// Labels beyond the network's classes.
  case classMismatch(labels: Int, scores: Int)
  /// NaN or infinity among the scores of an image.
  case nonFiniteScore(image: Int, value: String)
  /// The loss left the real numbers.
  case diverged(epoch: Int, step: Int, loss: String)
  /// A checkpoint that does not fit the architecture.
  case checkpoint(path: String, problem: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .noImages(let purpose):
      "\(purpose) needs at least 1 image, but the data set is empty. Pass a data set with images."
    case .noLabels(let purpose):
      "\(purpose) needs labels, but the data set has none. Give the option 'labels' where it is loaded."
    case .shapeMismatch(let images, let network):
      "images are \(images), but the network's input is \(network). Load the data set the network was made for."
    case .classMismatch(let labels, let scores):
      "the data set has \(labels) classes, but the network gives \(scores) scores. "
        + "Give the last layer \(labels) features."
    case .nonFiniteScore(let image, let value):
      "a score of image \(image) is \(value). Look for NaN or infinity in the weights, or for a diverged training."
    case .diverged(let epoch, let step, let loss):
      "training diverged: the loss is \(loss) in epoch \(epoch), step \(step). Lower the learning rate or warm up longer."
    case .checkpoint(let path, let problem):
      "\(path): \(problem)"
    }
  }

  /// The process's exit code: 65 for data that does not fit, else 1.
  public var exitCode: Int32 {
    switch self {
    case .shapeMismatch, .classMismatch, .checkpoint: 65
    default: 1
    }
  }
}
