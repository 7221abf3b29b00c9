import Bindings
import LuaRuntime

/// Plugin folders, and whether each plugin loads.
enum PluginChecks {
  static func findings(_ session: Session) -> [Doctor.Finding] {
    do {
      let lua = try LuaState()
      return try withExtendedLifetime(lua) {
        try ScriptRunner(session: session).prepare(lua)
        return findings(PluginCatalogue(session: session, lua: lua))
      }
    } catch {
      return [Doctor.Finding("plugins", .error, "\(error)", fix: "augq plugin list")]
    }
  }

  private static func findings(_ catalogue: PluginCatalogue) -> [Doctor.Finding] {
    let entries = catalogue.active()
    guard !entries.isEmpty else {
      return [
        Doctor.Finding(
          "plugins", .error, "no folder Plugins with any; granularities and methods are the bundled ones",
          fix: "export AUGQ_PLUGIN_PATH=FOLDER, the folder Plugins that came with augq")
      ]
    }
    let folders = catalogue.folders.map { folder in
      "\(folder) (\(entries.count { $0.path.hasPrefix(folder + "/") }))"
    }
    let broken = entries.compactMap { entry in
      catalogue.description(of: entry).problem.map {
        Doctor.Finding("plugins", .error, $0, fix: "augq plugin check '\(entry.path)'")
      }
    }
    return [Doctor.Finding("plugins", .ok, folders.joined(separator: ", "))] + broken
  }
}
