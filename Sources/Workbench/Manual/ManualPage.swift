import Reporting

/// One page of the HTML manual.
struct ManualPage: Sendable {
  /// Its path in the manual's folder, such as `methods/qdrop.html`.
  let path: String
  /// Its title.
  let title: String
  /// One line for lists and search results.
  let summary: String
  /// The content, as HTML.
  let body: String
  /// Names and words that a search finds it by, besides title and summary.
  let words: String

  /// Makes a page of Markdown.
  ///
  /// - Parameter link: The target of each link, from the text's point of view to the page's.
  init(path: String, markdown: String, link: (String) -> String = { $0 }) {
    let text = Markdown(markdown, link: link)
    self.path = path
    title = text.headings(level: 1).first ?? path
    let lines = text.plainText.split(separator: "\n").map(String.init)
    summary = lines.dropFirst().first ?? ""
    body = text.html
    words = lines.dropFirst(2).joined(separator: " ")
  }

  /// Makes a page of HTML.
  init(path: String, title: String, summary: String, body: String, words: String) {
    self.path = path
    self.title = title
    self.summary = summary
    self.body = body
    self.words = words
  }

  /// A way back to the manual's folder: `../` for each folder of the path.
  var up: String { String(repeating: "../", count: path.count { $0 == "/" }) }

  /// The targets of links in the content, as they stand there.
  var links: [String] { values(of: "href") }

  /// The anchors of the content.
  var anchors: Set<String> { Set(values(of: "id")) }

  private func values(of attribute: String) -> [String] {
    " \(body)".split(separator: "\(attribute)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
  }
}

/// A list of pages under one head.
struct ManualSection: Sendable {
  let title: String
  let pages: [ManualPage]
}
