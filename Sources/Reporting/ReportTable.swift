/// Rows of named values that print as an aligned table, as JSON lines or as CSV.
public struct ReportTable: Sendable {
  /// How the values of a column are shown.
  public enum Format: String, Sendable, CaseIterable {
    case text
    /// Whole numbers with thousands separators.
    case integer
    /// Whole bytes with thousands separators.
    case bytes
    /// Two decimals.
    case number
    /// Two decimals, a share of 100.
    case percent
    /// Three decimals, bits per value.
    case bits
  }

  /// One column.
  public struct Column: Sendable {
    /// The key of the values and the head of the column.
    public let name: String
    /// How its values are shown.
    public let format: Format
    /// Makes a column.
    public init(_ name: String, _ format: Format) {
      self.name = name
      self.format = format
    }
  }

  /// One value.
  public enum Value: Sendable, Equatable {
    case text(String)
    case number(Double)
    /// Nothing is known; prints as `-`, in JSON as null.
    case missing
  }

  /// The columns in order.
  public let columns: [Column]
  private var rows: [[Value]] = []
  private var notes: [String] = []

  /// Makes a table without rows.
  public init(columns: [Column]) {
    self.columns = columns
  }

  /// Adds a row; columns without a value are missing.
  public mutating func add(_ values: [String: Value]) {
    rows.append(columns.map { values[$0.name] ?? .missing })
  }

  /// Adds a remark printed under the table (not in JSON or CSV).
  public mutating func note(_ text: String) {
    notes.append(text)
  }

  /// The table as aligned text: heads, a rule, rows, notes.
  public var text: String {
    let heads = columns.map { $0.name.replacingUnderscores + $0.format.unit }
    let cells = rows.map { row in zip(columns, row).map { $0.format.shown($1) } }
    let widths = columns.indices.map { column in
      ([heads] + cells).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(zip(columns, cells), widths).map { column, width in
        let space = String(repeating: " ", count: width - column.1.count)
        return column.0.format == .text ? column.1 + space : space + column.1
      }
      return padded.joined(separator: "  ").trimmingTrailingSpaces
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    return ([line(heads), rule] + cells.map(line) + notes).joined(separator: "\n") + "\n"
  }

  /// The cells as ``text`` shows them, without padding.
  public var shownRows: [[String]] { rows.map { row in zip(columns, row).map { $0.format.shown($1) } } }

  /// The rows as JSON, one object a line; values that are missing or not finite are null.
  public var jsonLines: String {
    rows.map { row in
      "{" + zip(columns, row).map { "\(JSON.literal($0.name)): \($1.json)" }.joined(separator: ", ") + "}\n"
    }.joined()
  }

  /// The rows as CSV (RFC 4180), with the names as the first line.
  public var csv: String {
    let lines = [columns.map(\.name)] + rows.map { $0.map(\.plain) }
    return lines.map { $0.map(\.csvField).joined(separator: ",") + "\r\n" }.joined()
  }
}

extension ReportTable.Format {
  var unit: String {
    switch self {
    case .percent: " %"
    default: ""
    }
  }

  func shown(_ value: ReportTable.Value) -> String {
    switch value {
    case .missing: "-"
    case .text(let text): text
    case .number(let number):
      switch self {
      case .text: "\(number)"
      case .integer, .bytes: Decimal.grouped(number)
      case .number, .percent: Decimal.fixed(number, decimals: 2)
      case .bits: Decimal.fixed(number, decimals: 3)
      }
    }
  }
}

extension ReportTable.Value {
  /// The value with all its digits.
  var plain: String {
    switch self {
    case .text(let text): text
    case .number(let number): number.isFinite ? Decimal.shortest(number) : ""
    case .missing: ""
    }
  }

  var json: String {
    switch self {
    case .text(let text): JSON.literal(text)
    case .number(let number): number.isFinite ? Decimal.shortest(number) : "null"
    case .missing: "null"
    }
  }
}

extension String {
  fileprivate var replacingUnderscores: String { String(map { $0 == "_" ? " " : $0 }) }

  fileprivate var trimmingTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }

  fileprivate var csvField: String {
    let needsQuotes = contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
    return needsQuotes ? "\"" + flatMap { $0 == "\"" ? ["\"", "\""] : [$0] } + "\"" : self
  }
}
