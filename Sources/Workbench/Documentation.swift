import Bindings
public import LuaRuntime

/// The documentation of everything that scripts can call.
public enum Documentation {
  private static var manual: Manual {
    Manual(Library.module(Session(scriptPath: "", arguments: [])))
  }

  /// Everything that is documented, in the order of the tables.
  public static var entries: [Manual.Entry] { manual.entries }

  /// The modules and what they are for.
  public static var overview: String { manual.overview }

  /// The documentation of a name; an error that suggests others when there is none.
  public static func text(for name: String) -> Result<String, LuaUsageError> { manual.text(for: name) }
}
