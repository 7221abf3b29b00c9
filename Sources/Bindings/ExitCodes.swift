public import Interchange
public import LuaRuntime
public import Packing
public import Pipelines

// Native errors that choose the code of a process they end; the rest end it with 1.

extension InterchangeError: ExitCoded {}
extension PipelineError: ExitCoded {}

extension PackingError: ExitCoded {
  /// 66 for a file that cannot be read, 73 for one that cannot be written, 65 for damaged content.
  public var exitCode: Int32 {
    guard case .file(_, let operation, _) = self else { return 65 }
    return ["open", "inspect", "read"].contains(operation) ? 66 : 73
  }
}
