import CLineEditor

/// Reads lines from the terminal with editing, history and completion.
final class LineEditor {
  /// How reading a line ended.
  enum Input {
    case line(String)
    /// Ctrl-D.
    case end
    /// Ctrl-C.
    case interrupted
  }

  private let complete: (String) -> Completion
  private var editor: OpaquePointer?

  /// Opens the terminal; nil when it cannot be edited on.
  init?(history: [String], complete: @escaping (String) -> Completion) {
    self.complete = complete
    // The editor does not outlive this object.
    let context = Unmanaged.passUnretained(self).toOpaque()
    editor = aq_editor_open(Int32(LineHistory.size), { LineEditor.answer($0, $1, $2, $3) }, context)
    guard editor != nil else { return nil }
    for line in history { remember(line) }
  }

  deinit { if let editor { aq_editor_close(editor) } }

  /// Reads one line.
  func read(prompt: String) -> Input {
    var line: UnsafePointer<CChar>?
    switch aq_editor_read(editor, prompt, &line) {
    case AQ_EDITOR_LINE: return line.map { .line(String(cString: $0)) } ?? .end
    case AQ_EDITOR_INTERRUPTED: return .interrupted
    default: return .end
    }
  }

  /// Makes a line the newest of the history.
  func remember(_ line: String) { aq_editor_remember(editor, line) }

  private static func answer(
    _ context: UnsafeMutableRawPointer?, _ editor: OpaquePointer?, _ line: UnsafePointer<CChar>?,
    _ cursor: Int
  ) {
    guard let context, let line else { return }
    let this = Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue()
    let bytes = UnsafeBufferPointer(start: line, count: cursor).map { UInt8(bitPattern: $0) }
    let text = String(decoding: bytes, as: UTF8.self)
    // Pasted code may be indented with tabs.
    guard text.contains(where: { !$0.isWhitespace }) else { return aq_editor_insert(editor, "  ") }
    let completion = this.complete(text)
    let insertion = completion.insertion
    if !insertion.isEmpty {
      aq_editor_insert(editor, insertion)
    } else if completion.candidates.count > 1 {
      aq_editor_list(editor, columns(completion.candidates, width: Int(aq_editor_columns())))
    }
  }

  /// Names in as many columns as a width has room for, read downwards.
  static func columns(_ names: [String], width: Int) -> String {
    let cell = (names.map(\.count).max() ?? 0) + 2
    let rows = (names.count - 1) / max(1, width / cell) + 1
    return (0..<rows).map { row in
      let cells = stride(from: row, to: names.count, by: rows).map { names[$0] }
      let padded = cells.dropLast().map { $0 + String(repeating: " ", count: cell - $0.count) }
      return padded.joined() + (cells.last ?? "") + "\n"
    }.joined()
  }
}
