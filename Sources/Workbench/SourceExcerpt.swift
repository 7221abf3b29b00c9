/// The line of a source text that an error message names, with a caret under its first letter.
enum SourceExcerpt {
  /// Returns the excerpt, on lines of its own; nothing when the message names no line of a readable source.
  static func text(_ message: String, source: (_ name: String) -> String?) -> String {
    guard let (name, number) = position(message), let text = source(name) else { return "" }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(number - 1) else { return "" }
    let line = lines[number - 1]
    let indent = String(line.prefix { $0 == " " || $0 == "\t" })
    return "\n  \(line)\n  \(indent)^"
  }

  /// The source and line that a message begins with: of the recipe, or of a module it requires.
  private static func position(_ message: String) -> (name: String, line: Int)? {
    let fields = message.prefix { $0 != "\n" }.split(separator: ":", omittingEmptySubsequences: false)
    guard let index = fields.dropFirst().dropLast().firstIndex(where: { Int($0) != nil }),
      let line = Int(fields[index])
    else { return nil }
    return (fields[..<index].joined(separator: ":"), line)
  }
}
