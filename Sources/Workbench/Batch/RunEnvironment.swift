import Bindings
import CKernels
import COneDNN
import LuaRuntime

/// What a run depends on beside its parameters: versions, instruction set, state of the repository.
enum RunEnvironment {
  /// The environment of a recipe.
  static func values(script: String, threads: Int, repository: String?) -> [String: String] {
    var values = [
      "lua": LuaState.release, "threads": "\(threads)", "system": systemName, "plugin_api": PluginAPI.text,
      "isa": String(cString: aq_isa_name(aq_isa_best())), "onednn": String(cString: aq_onednn_version()),
    ]
    let state = repository ?? repositoryState(of: script)
    if let state, !state.isEmpty { values["git"] = state }
    return values
  }

  private static var systemName: String {
    #if os(macOS)
      "macOS"
    #else
      "Linux"
    #endif
  }

  /// Commit of the repository that a script is in, `-dirty` behind it when files differ from the commit; `nil` outside of one.
  static func repositoryState(of script: String) -> String? {
    let folder = FileStatus.folder(of: script)
    guard let git = SystemCommand.path(of: "git"),
      let outcome = try? SystemCommand.run(
        git,
        [
          "-C", folder.isEmpty ? "." : folder, "describe", "--always", "--dirty", "--abbrev=40",
          "--exclude=*",
        ]),
      outcome.code == 0
    else { return nil }
    return outcome.output.split(separator: "\n").first.map(String.init)
  }
}
