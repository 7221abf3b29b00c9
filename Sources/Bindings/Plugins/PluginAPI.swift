import LuaRuntime

/// The version of what plugins may rely on; apart from the program's version.
///
/// Within a major version functions are only added. A plugin says which versions it works with: `api = ">=1.0 <2"`.
public enum PluginAPI {
  /// Major and minor version, as text.
  public static let text = "1.0"

  /// Checks a plugin's `api` field.
  ///
  /// - Throws: ``LuaUsageError`` when it is malformed or this program is outside it.
  static func check(_ value: LuaValue?, _ path: String) throws {
    guard let value else { return }
    guard let range = value.text.flatMap(VersionRange.init), let own = Version(text) else {
      throw LuaUsageError(
        "\(path): field 'api' is \(value.shown); expected terms such as \">=1.0 <2\"")
    }
    guard range.contains(own) else {
      throw LuaUsageError(
        "\(path): needs plugin API \(range), but this augq has \(text). "
          + "Get a version of the plugin for API \(text), or another augq.")
    }
  }
}
