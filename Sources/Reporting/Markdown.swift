import CMarkdown

/// Markdown text (CommonMark with GitHub's tables).
public final class Markdown {
  private let parser: OpaquePointer
  private let root: OpaquePointer?

  /// Parses a text.
  ///
  /// - Parameter link: Gives the target of each link, given the one in the text.
  public init(_ text: String, link: (String) -> String = { $0 }) {
    cmark_gfm_core_extensions_ensure_registered()
    parser = cmark_parser_new(CMARK_OPT_DEFAULT)
    if let tables = cmark_find_syntax_extension("table") {
      cmark_parser_attach_syntax_extension(parser, tables)
    }
    cmark_parser_feed(parser, text, text.utf8.count)
    root = cmark_parser_finish(parser)
    visit { node in
      guard cmark_node_get_type(node) == CMARK_NODE_LINK, let target = cmark_node_get_url(node) else {
        return
      }
      cmark_node_set_url(node, link(String(cString: target)))
    }
  }

  deinit {
    if let root { cmark_node_free(root) }
    cmark_parser_free(parser)
  }

  /// The text as HTML; HTML inside it is left out.
  public var html: String {
    Self.take(cmark_render_html(root, CMARK_OPT_DEFAULT, cmark_parser_get_syntax_extensions(parser)))
  }

  /// The words without marks.
  public var plainText: String { Self.take(cmark_render_plaintext(root, CMARK_OPT_DEFAULT, 0)) }

  /// The texts of headings of a level, in order.
  public func headings(level: Int32) -> [String] {
    var found: [String] = []
    visit { node in
      guard cmark_node_get_type(node) == CMARK_NODE_HEADING, cmark_node_get_heading_level(node) == level
      else {
        return
      }
      let line = Self.take(cmark_render_plaintext(node, CMARK_OPT_DEFAULT, 0))
      found.append(String(line.split(separator: "\n").first ?? ""))
    }
    return found
  }

  private func visit(_ body: (OpaquePointer) -> Void) {
    let walk = cmark_iter_new(root)
    defer { cmark_iter_free(walk) }
    while true {
      let event = cmark_iter_next(walk)
      if event == CMARK_EVENT_DONE { return }
      if event == CMARK_EVENT_ENTER, let node = cmark_iter_get_node(walk) { body(node) }
    }
  }

  private static func take(_ text: UnsafeMutablePointer<CChar>?) -> String {
    guard let text else { return "" }
    defer { cmark_get_default_mem_allocator().pointee.free(text) }
    return String(cString: text)
  }
}

extension String {
  /// The text with the marks of HTML written out, for content and for attributes in quotes.
  public var escapedForHTML: String {
    var result = ""
    for character in self {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }
}
