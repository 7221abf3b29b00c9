#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings
import Interchange
import LuaRuntime
import Reporting

/// What `augq plugin` does: lists, writes, checks and describes plugins.
public struct PluginWorkbench {
  private let session: Session
  private let lua: LuaState
  private let catalogue: PluginCatalogue

  /// Opens a state in which plugins run.
  ///
  /// - Parameters:
  ///   - folders: Folders of plugins that are searched first.
  ///   - allowedNative: Packages whose native code may run.
  ///   - memory: Bytes that Lua and native objects may hold; 0 for no limit.
  /// - Throws: ``LuaError`` when there is no memory for it.
  public init(folders: [String] = [], allowedNative: [String] = [], memory: Int = 0) throws {
    session = Session(
      scriptPath: "plugin", arguments: [], memoryLimit: memory, pluginFolders: folders,
      allowedNative: allowedNative)
    lua = try LuaState(memoryLimit: memory)
    lua.register(Library.module(session))
    catalogue = PluginCatalogue(session: session, lua: lua)
  }

  /// Prints every plugin, hidden and broken ones included; returns 1 when one is broken.
  public func list(kind: String?, json: Bool) -> Int32 {
    var table = ReportTable(columns: [
      .init("kind", .text), .init("name", .text), .init("state", .text), .init("summary", .text),
      .init("path", .text),
    ])
    var isBroken = false
    for entry in catalogue.entries(kind: kind) {
      let description = catalogue.description(of: entry)
      let state =
        description.isOff
        ? "off" : description.problem != nil ? "broken" : entry.shadowedBy != nil ? "hidden" : "ok"
      isBroken = isBroken || state == "broken"
      let summary = description.problem ?? entry.shadowedBy.map { "hidden by \($0)" } ?? description.summary
      table.add([
        "kind": .text(entry.kind), "name": .text(entry.name), "state": .text(state),
        "summary": .text(summary),
        "path": .text(entry.path),
      ])
    }
    print(json ? table.jsonLines : table.text, terminator: "")
    return isBroken ? 1 : 0
  }

  /// Writes a new plugin into a folder; refuses to replace a file.
  public func create(kind: String, name: String, folder: String) -> Int32 {
    guard let text = PluginTemplates.text(kind: kind, name: name) else {
      return fail("there are no \(kind) plugins. \(nearest(kind, among: PluginKind.all.map(\.name)))", 64)
    }
    guard PluginEntry.isName(name) else {
      return fail("'\(name)' cannot name a plugin; use letters, digits and _, a letter first", 64)
    }
    let place = "\(folder)/\(kind)"
    let path = "\(place)/\(name).lua"
    if access(path, F_OK) == 0 { return fail("\(path) is there already; choose another name", 73) }
    for part in [folder, place] where mkdir(part, 0o755) != 0 && errno != EEXIST {
      return fail(
        "cannot make \(part): \(String(cString: strerror(errno))). Make the folder above it first.", 73)
    }
    do { try AtomicFile.write(text, to: path) } catch { return fail("\(error)", 73) }
    let usage = PluginKind.all.first { $0.name == kind }?.usage.replacing("NAME", with: name) ?? ""
    print("wrote \(path)\nuse it:  \(usage)\ncheck it: augq plugin check \(path)")
    return 0
  }

  /// Loads a plugin and tries the laws of its kind; prints what does not hold.
  public func check(path: String) -> Int32 {
    do { return try test([catalogue.entry(atPath: path)]) } catch { return fail("\(error)", 78) }
  }

  /// Checks a plugin in a process that is stopped when it takes too long.
  ///
  /// - Parameter options: Options of the command that go to that process.
  public static func checkIsolated(path: String, options: [String], seconds: Double) throws -> Int32 {
    let child = IsolatedProcess(["plugin", "check", "--inside"] + options + [path], seconds: seconds)
    let outcome = try child.run()
    let verdict = String(decoding: outcome.output, as: UTF8.self)
    print(verdict, terminator: "")
    StandardError.write(String(decoding: outcome.errors, as: UTF8.self))
    switch (outcome.limit, outcome.ending) {
    case (.time, _):
      StandardError.write("augq: \(path) did not end within \(seconds) s; look for a loop that has no end\n")
    case (_, .signalled(let signal)):
      StandardError.write("augq: \(path) ended the process that checked it, by signal \(signal)\n")
    case (_, .exited(0)) where !verdict.hasPrefix("ok "):
      // A plugin that leaves by os.exit(0) has passed nothing.
      StandardError.write("augq: \(path) ended the process that checked it, with code 0\n")
      return 78
    default: break
    }
    return outcome.exitCode
  }

  /// Tries the laws on every plugin of a kind, or of all kinds.
  public func test(kind: String?) -> Int32 {
    test(catalogue.active(kind: kind))
  }

  private func test(_ entries: [PluginEntry]) -> Int32 {
    let laws = PluginLaws(session: session, lua: lua)
    var code: Int32 = 0
    for entry in entries {
      let failures = laws.failures(of: entry)
      print("\(failures.isEmpty ? "ok    " : "broken") \(entry.kind) \(entry.name)")
      for failure in failures.prefix(8) { print("       \(failure)") }
      if failures.count > 8 { print("       … \(failures.count - 8) more") }
      if !failures.isEmpty { code = 78 }
    }
    return code
  }

  /// Prints what a plugin is for, its options and how scripts use it.
  public func document(kind: String, name: String) -> Int32 {
    guard let row = PluginKind.all.first(where: { $0.name == kind }) else {
      return fail("there are no \(kind) plugins. \(nearest(kind, among: PluginKind.all.map(\.name)))", 64)
    }
    let entries = catalogue.entries(kind: kind)
    guard let entry = entries.first(where: { $0.name == name }) else {
      return fail("there is no \(kind) '\(name)'. \(nearest(name, among: entries.map(\.name)))", 64)
    }
    let description = catalogue.description(of: entry)
    if let problem = description.problem { return fail(problem, 78) }
    print("\(kind) \(name): \(description.summary)\n\n  \(row.usage.replacing("NAME", with: name))\n")
    for option in description.options {
      print(
        "  \(option.name)  \(option.summary); \(option.kind.text) (default \(option.defaultText ?? "none"))")
    }
    print("\(description.options.isEmpty ? "" : "\n")laws: \(row.laws)\nfile: \(entry.path)")
    return 0
  }

  private func fail(_ message: String, _ code: Int32) -> Int32 {
    StandardError.write("augq: \(message)\n")
    return code
  }
}
