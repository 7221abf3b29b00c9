import LuaRuntime
import Reporting

/// `augq.table`: rows that print as text, JSON lines or CSV.
enum TableModule {
  static let function = LuaFunction(
    "table", "Begins a table of results.",
    parameters: [
      LuaParameter(
        "columns", "string[][]",
        "{ name, format } per column; format is one of "
          + ReportTable.Format.allCases.map(\.rawValue).joined(separator: ", "))
    ], returns: "augq.Table"
  ) { call in
    let columns = try (call.value(0).elements ?? []).map { column in
      let parts = (column.elements ?? []).compactMap(\.text)
      guard parts.count == 2, let format = ReportTable.Format(rawValue: parts[1]) else {
        throw call.wrong(
          0,
          "a list of { name, format } with a format of "
            + ReportTable.Format.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return ReportTable.Column(parts[0], format)
    }
    guard !columns.isEmpty else { throw call.wrong(0, "a list of { name, format }") }
    return .object(TableObject(ReportTable(columns: columns)))
  }

  static func type(_ render: LuaFunction) -> LuaType {
    LuaType(
      "augq.Table", "Rows of results.", for: TableObject.self,
      methods: [
        LuaFunction(
          "add", "Adds a row; a column without a value prints as -.",
          parameters: [LuaParameter("row", "table", "values by column name")]
        ) { call in
          let table = try call.receiver(TableObject.self)
          guard case .table(let members) = call.value(0) else {
            throw call.wrong(0, "a table of values by column")
          }
          let names = table.value.columns.map(\.name)
          var row: [String: ReportTable.Value] = [:]
          for (key, value) in members {
            guard names.contains(key) else {
              throw LuaUsageError("the table has no column '\(key)'. \(nearest(key, among: names))")
            }
            // 1 and "1" are two keys in Lua, and texts that are not UTF-8 can become equal.
            guard row.updateValue(ReportTable.Value(value), forKey: key) == nil else {
              throw LuaUsageError("the row has two values for the column '\(key)'. Give one.")
            }
          }
          table.value.add(row)
          return .none
        },
        LuaFunction(
          "note", "Adds a remark under the table.", parameters: [LuaParameter("text", "string", "the remark")]
        ) { call in
          try call.receiver(TableObject.self).value.note(try call.string(0))
          return .none
        },
        LuaFunction(
          "print", "Prints the table on standard output.",
          parameters: [LuaParameter("options", "table", "options", optional: true)],
          options: [
            LuaOption("json", .boolean, default: "false", "print one JSON object a line"),
            LuaOption("csv", .boolean, default: "false", "print CSV"),
          ]
        ) { call in
          let options = try call.options(0)
          let table = try call.receiver(TableObject.self).value
          let text =
            options.boolean("json") == true
            ? table.jsonLines : options.boolean("csv") == true ? table.csv : table.text
          print(text, terminator: "")
          return .none
        }, render,
      ],
      description: { $0.value.text })
  }
}

extension ReportTable.Value {
  fileprivate init(_ value: LuaValue) {
    if let number = value.number {
      self = .number(number)
    } else if let text = value.text {
      self = .text(text)
    } else if let boolean = value.boolean {
      self = .text("\(boolean)")
    } else {
      self = .missing
    }
  }
}
