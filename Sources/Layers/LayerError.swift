/// What can be wrong with a layer, a graph or a model.
public enum LayerError: Error, Equatable, CustomStringConvertible {
  /// Shapes or hyper-parameters do not fit; the text has the numbers and the remedy.
  case invalid(String)
  /// A problem inside a node: its name, its kind, the problem.
  case inNode(String, String, String)
  /// Two nodes with one name.
  case duplicateNode(String)
  /// An input that does not exist.
  case unknownNode(index: Int, usedBy: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .invalid(let text): text
    case .inNode(let name, let kind, let text): "node '\(name)' (\(kind)): \(text)"
    case .duplicateNode(let name):
      "the graph already has a node named '\(name)'. Give the new node another name."
    case .unknownNode(let index, let name):
      "node '\(name)' reads node \(index), which does not exist. Add its inputs first."
    }
  }
}
