import Bindings
import LuaRuntime
public import Runs
import Tensors

/// Where the runs of a command are kept.
public enum RunRecording {
  /// The folder of runs unless another is named: that of `AUGQ_RUNS`, or `runs`.
  public static var defaultRoot: String { UserFolders.environment("AUGQ_RUNS") ?? "runs" }

  /// The journal of a recipe.
  ///
  /// - Parameter repository: What ``RunEnvironment/repositoryState(of:)`` says, empty for nothing, when somebody has asked already.
  public static func journal(
    _ place: RunJournal.Place, script: String, id: String = "", attempt: Int = 1, threads: Int,
    parameters: Parameters = [:], repository: String? = nil
  ) -> RunJournal {
    RunJournal(
      place,
      draft: RunResult(
        id: id, script: script, scriptDigest: Digest.hex(file: script) ?? "", version: Library.version,
        parameters: parameters, attempt: attempt,
        environment: [:])
    ) { RunEnvironment.values(script: script, threads: threads, repository: repository) }
  }

  /// Takes the run by hand of a journal into the store; returns its folder.
  public static func takeIn(_ journal: RunJournal, root: String) throws -> String {
    guard let folder = journal.handFolder, let result = try RunFolder(folder).result() else {
      throw RunError.unreadable(path: root)
    }
    try RunStore(root: root).ingest([(result, nil, "hand/\(result.id)")])
    return folder
  }

  /// Takes every result below a root into its store; returns how many there are, and the files that are damaged.
  ///
  /// - Throws: ``RunError`` when the store cannot be changed.
  public static func rebuild(_ store: RunStore) throws -> (count: Int, damaged: [String]) {
    var rows: [(result: RunResult, sweep: String?, folder: String)] = []
    var damaged: [String] = []
    for (folder, sweep) in folders(of: store) {
      do {
        if let result = try RunFolder("\(store.root)/\(folder)").result() {
          rows.append((result, sweep, folder))
        }
      } catch { damaged.append("\(error)") }
    }
    try store.replaceAll(with: rows)
    return (rows.count, damaged)
  }

  /// The folder of every run, relative to the root, and its sweep.
  static func folders(of store: RunStore) -> [(folder: String, sweep: String?)] {
    func runs(_ folder: String, _ sweep: String?) -> [(String, String?)] {
      FileStatus.names(in: "\(store.root)/\(folder)").sorted().map { ("\(folder)/\($0)", sweep) }
    }
    let sweeps = FileStatus.names(in: store.root + "/sweeps").sorted()
    return runs("hand", nil) + sweeps.flatMap { runs("sweeps/\($0)/trials", $0) }
  }
}
