/// A recipe whose comments are prose, as Markdown.
///
/// The first line is its title. A comment block that begins at column 0 after an empty line, or at the top, is prose; what
/// lies between is code, its comments included.
struct LiterateRecipe {
  /// The first line, without its mark.
  let title: String
  /// The prose with the code in fences.
  let markdown: String

  private enum Piece { case prose([Substring]), code([Substring]) }

  init(_ source: String) {
    var pieces: [Piece] = []
    var isAfterGap = true
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      let isComment = line.hasPrefix("--") && !line.hasPrefix("---@")
      switch pieces.last {
      case .prose(let lines) where isComment && !isAfterGap: pieces[pieces.count - 1] = .prose(lines + [line])
      case _ where isComment && isAfterGap: pieces.append(.prose([line]))
      case .code(let lines): pieces[pieces.count - 1] = .code(lines + [line])
      default: pieces.append(.code([line]))
      }
      isAfterGap = line.allSatisfy(\.isWhitespace)
    }
    title = pieces.first.map(Self.title) ?? ""
    var texts = pieces.map(Self.text)
    if case .prose(let lines)? = pieces.first { texts[0] = Self.text(.prose(Array(lines.dropFirst()))) }
    markdown = (["# \(title)"] + texts.filter { !$0.isEmpty }).joined(separator: "\n\n") + "\n"
  }

  private static func title(_ piece: Piece) -> String {
    guard case .prose(let lines) = piece, let first = lines.first else { return "" }
    let text = uncommented(first)
    return String(text.hasSuffix(".") ? text.dropLast() : text)
  }

  private static func text(_ piece: Piece) -> String {
    switch piece {
    case .prose(let lines): return lines.map(uncommented).joined(separator: "\n")
    case .code(let lines):
      let blank: (Substring) -> Bool = { $0.allSatisfy(\.isWhitespace) }
      let body = lines.drop(while: blank).reversed().drop(while: blank).reversed()
      return body.isEmpty ? "" : "~~~~lua\n\(body.joined(separator: "\n"))\n~~~~"
    }
  }

  private static func uncommented(_ line: Substring) -> Substring {
    let text = line.dropFirst(2)
    return text.hasPrefix(" ") ? text.dropFirst() : text
  }
}
