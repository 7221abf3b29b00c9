import LuaRuntime

/// The names that method pages document, on their line `Names: …`: of the binding tables, or `plugin:kind/name`.
struct MethodNames {
  private let module: LuaModule
  private let plugins: PluginPages

  init(_ module: LuaModule, _ plugins: PluginPages) {
    self.module = module
    self.plugins = plugins
  }

  private static let mark = "Names:"

  /// The names of a page.
  static func list(_ text: String) -> [String] {
    line(text).map { line in
      line.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
        .map { String($0.element) }
    } ?? []
  }

  private static func line(_ text: String) -> Substring? {
    text.split(separator: "\n").first { $0.hasPrefix(mark) }
  }

  /// The page with each name on the line as a link.
  func linked(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.hasPrefix(Self.mark) else { return String(line) }
      return Self.list(text).reduce(String(line)) { line, name in
        place(name).map { line.replacing("`\(name)`", with: "[`\(name)`](../\($0))") } ?? line
      }
    }.joined(separator: "\n")
  }

  /// What a page names and nothing has.
  func unknown(_ file: (name: String, text: String)) -> [String] {
    let names = Self.list(file.text)
    let missing = names.isEmpty ? ["methods/\(file.name).md: has no line 'Names: …'"] : []
    return missing
      + names.filter { place($0) == nil }.map { "methods/\(file.name).md: there is no '\($0)'" }
  }

  private func place(_ name: String) -> String? {
    guard name.hasPrefix("plugin:") else { return ReferencePages.place(name, in: module) }
    return plugins.place(String(name.dropFirst("plugin:".count)))
  }
}
