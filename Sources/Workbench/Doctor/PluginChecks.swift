import Bindings
import LuaRuntime

/// Plugin folders, and whether each plugin file loads.
enum PluginChecks {
  static func findings(_ session: Session) -> [Doctor.Finding] {
    let inventory = PluginFiles(session: session).inventory
    let broken = inventory.flatMap { folder, files in files.compactMap { problem(of: $0, session) } }
    let folders = inventory.map { "\($0.folder) (\($0.files.count))" }.joined(separator: ", ")
    guard !inventory.isEmpty else {
      return [
        Doctor.Finding(
          "plugins", .error, "no folder Plugins with any; augq.reconstruct needs the bundled ones",
          fix: "export AUGQ_PLUGIN_PATH=FOLDER, the folder Plugins that came with augq")
      ]
    }
    return [Doctor.Finding("plugins", .ok, folders)] + broken
  }

  private static func problem(of path: String, _ session: Session) -> Doctor.Finding? {
    do {
      let lua = try LuaState()
      try withExtendedLifetime(lua) {
        try ScriptRunner(session: session).prepare(lua)
        try lua.run(bytes: readBytes(path) ?? [], name: "@" + path)
      }
      return nil
    } catch {
      return Doctor.Finding("plugins", .error, "\(error)", fix: "luacheck '\(path)'")
    }
  }
}
