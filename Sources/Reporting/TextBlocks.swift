/// Characters that fill a part of their cell.
enum TextBlocks {
  private static let upright = Array(" ▁▂▃▄▅▆▇█")
  private static let lying = Array(" ▏▎▍▌▋▊▉█")

  /// A column's cell that is filled from below, 0...1.
  static func vertical(_ share: Double) -> Character { upright[eighths(share)] }

  /// A bar of some cells.
  static func bar(_ cells: Double) -> String {
    let whole = max(0, Int(cells))
    let rest = lying[eighths(cells - Double(whole))]
    return String(repeating: "█", count: whole) + (rest == " " ? "" : String(rest))
  }

  private static func eighths(_ share: Double) -> Int { Int((8 * min(1, max(0, share))).rounded()) }
}

/// Points on a grid of 2 x 4 dots a cell, by the Braille characters of Unicode.
struct BrailleCanvas {
  private let columns, lines: Int
  private var cells: [UInt8]
  private var marks: [Int: Character] = [:]

  /// Makes an empty canvas.
  init(columns: Int, lines: Int) {
    self.columns = columns
    self.lines = lines
    cells = Array(repeating: 0, count: columns * lines)
  }

  /// Sets a dot; x and y are 0...1, y upwards.
  mutating func dot(_ x: Double, _ y: Double) {
    let column = min(2 * columns - 1, max(0, Int(x * Double(2 * columns))))
    let row = min(4 * lines - 1, max(0, Int((1 - y) * Double(4 * lines))))
    let bit: UInt8 = row % 4 == 3 ? 0x40 << (column % 2) : 1 << (row % 4 + 3 * (column % 2))
    cells[row / 4 * columns + column / 2] |= bit
  }

  /// Joins two places by dots.
  mutating func line(_ from: (Double, Double), _ to: (Double, Double)) {
    let steps = max(
      1, Int(max(abs(to.0 - from.0) * Double(2 * columns), abs(to.1 - from.1) * Double(4 * lines))))
    for step in 0...steps {
      let share = Double(step) / Double(steps)
      dot(from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
    }
  }

  /// Puts a character over the dots of a cell.
  mutating func mark(_ x: Double, _ y: Double, _ character: Character) {
    let column = min(columns - 1, max(0, Int(x * Double(columns))))
    let line = min(lines - 1, max(0, Int((1 - y) * Double(lines))))
    marks[line * columns + column] = character
  }

  /// The lines, from the top.
  var text: [String] {
    (0..<lines).map { line in
      String(
        (0..<columns).map { column -> Character in
          let cell = line * columns + column
          if let mark = marks[cell] { return mark }
          return cells[cell] == 0
            ? " " : Unicode.Scalar(0x2800 + UInt32(cells[cell])).map(Character.init) ?? " "
        }
      ).trimmingEnd
    }
  }
}

extension String {
  /// The text without blanks at its end.
  var trimmingEnd: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  /// The text with blanks behind, or in front of it.
  func padded(to width: Int, isRight: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - count))
    return isRight ? blanks + self : self + blanks
  }
}
