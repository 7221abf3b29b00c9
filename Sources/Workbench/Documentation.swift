import Bindings
public import LuaRuntime

/// The documentation of everything that scripts can call, plugins included.
public enum Documentation {
  /// The module with a function for each plugin that is found.
  static var module: LuaModule {
    let module = Library.module(Session(scriptPath: "", arguments: []))
    guard let lua = try? LuaState() else { return module }
    return withExtendedLifetime(lua) {
      lua.register(module)
      return lua.expand(module)
    }
  }

  private static var manual: Manual { Manual(module) }

  /// Everything that is documented, in the order of the tables.
  public static var entries: [Manual.Entry] { manual.entries }

  /// The modules and what they are for.
  public static var overview: String { manual.overview }

  /// The documentation of a name, or the page of a method; an error that suggests others when there is none.
  public static func text(for name: String) -> Result<String, LuaUsageError> {
    if manual.entries(named: name).isEmpty, PluginEntry.isName(name), let page = methodPage(name.lowercased())
    {
      return .success(page)
    }
    return manual.text(for: name)
  }

  private static func methodPage(_ name: String) -> String? {
    (["."] + UserFolders.aboveProgram).lazy
      .compactMap { readText("\($0)/Scripts/manual/methods/\(name).md") }.first
  }
}
