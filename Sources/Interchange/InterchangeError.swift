/// What can be wrong with a file of weights or images.
public enum InterchangeError: Error, Equatable, CustomStringConvertible {
  /// A file that is not there or may not be read.
  case unreadable(path: String, reason: String, remedy: String)
  /// A file whose content is not what its format says.
  case malformed(path: String, problem: String)
  /// A model file that is whole but uses what we do not have; each entry names a node.
  case unsupported(path: String, what: [String])
  /// A tensor that a file does not have.
  case noTensor(path: String, name: String, nearest: [String])
  /// A tensor of another type than asked for.
  case wrongType(path: String, name: String, type: String, wanted: String)
  /// A Python pickle where safetensors are needed.
  case pickle(path: String)
  /// A file that could not be written.
  case unwritable(path: String, reason: String)
  /// Rows that a data set does not have.
  case outOfRange(asked: Int, available: Int)
  /// Scales, shifts, means or deviations that make no map; the text has the numbers and the remedy.
  case wrongMap(String)

  /// A file that contradicts itself.
  static func damaged(path: String, problem: String) -> InterchangeError {
    .malformed(path: path, problem: problem + ". The file is damaged: fetch or save it again.")
  }

  /// The message a user reads.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason, let remedy): "cannot read \(path): \(reason). \(remedy)"
    case .malformed(let path, let problem): "\(path): \(problem)"
    case .unsupported(let path, let what):
      "\(path) uses what cannot be imported: \(what.joined(separator: "; ")). "
        + "Export it without, or build the network in Lua."
    case .noTensor(let path, let name, let nearest):
      "\(path) has no tensor '\(name)'. "
        + (nearest.isEmpty ? "It is empty." : "The nearest names are \(nearest.joined(separator: ", ")).")
    case .wrongType(let path, let name, let type, let wanted):
      "tensor '\(name)' of \(path) is \(type), but \(wanted) is needed"
    case .pickle(let path):
      "\(path) is a Python pickle of PyTorch, which runs code when it is read. Convert it where PyTorch is installed: "
        + Self.conversion(of: path)
    case .unwritable(let path, let reason):
      "cannot write \(path): \(reason). Nothing was changed; check the folder and the free space."
    case .outOfRange(let asked, let available):
      "\(asked) images are asked for, but the data set has \(available). Ask for at most \(available)."
    case .wrongMap(let problem): problem
    }
  }

  /// The command that turns a pickle into safetensors, weights that share memory and whole training states included.
  private static func conversion(of path: String) -> String {
    let dot = path.lastIndex(of: ".").flatMap { $0 > (path.lastIndex(of: "/") ?? path.startIndex) ? $0 : nil }
    let target = "\(path[..<(dot ?? path.endIndex)]).safetensors"
    return
      "python3 -c \"import torch, safetensors.torch; d = torch.load('\(quoted(path))', map_location='cpu', weights_only=True); "
      + "d = d.get('state_dict', d); safetensors.torch.save_file({k: v.contiguous().clone() for k, v in d.items()}, "
      + "'\(quoted(target))')\""
  }

  /// A path between single quotes of Python between double quotes of the shell.
  private static func quoted(_ path: String) -> String {
    let python = path.reduce(into: "") { $0 += ["\\", "'"].contains($1) ? "\\\($1)" : "\($1)" }
    return python.reduce(into: "") { $0 += ["\\", "\"", "$", "`"].contains($1) ? "\\\($1)" : "\($1)" }
  }

  /// The process's exit code: 66 for a missing input, 73 for an output that cannot be made, else 65.
  public var exitCode: Int32 {
    switch self {
    case .unreadable: 66
    case .unwritable: 73
    case .wrongMap: 1
    default: 65
    }
  }
}
