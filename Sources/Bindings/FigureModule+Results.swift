import LuaRuntime
import Reporting

/// Figures of results: bars and lines.
extension FigureModule {
  var bars: LuaFunction {
    LuaFunction(
      "bars", "Numbers by name as bars, several kinds beside each other.",
      parameters: [
        LuaParameter(
          "rows", "table[]", "{ name, value } or { name, value of kind 1, value of kind 2, … }, from the top"),
        LuaParameter("options", "table", "options", optional: true),
      ],
      options: [
        LuaOption("kinds", .any("a list of texts"), "names of the kinds, at most 8"),
        LuaOption("x", .string, default: "\"value\"", "what the numbers are"),
        LuaOption("title", .string, "what stands above it"),
      ], returns: "augq.Figure"
    ) { call in
      let expected = "a list of { name, number, … } with as many numbers as 'kinds' has texts"
      guard let elements = try call.read(0).elements, elements.count <= BarChart.mostRows else {
        throw call.wrong(0, "\(expected), at most \(BarChart.mostRows)")
      }
      let given = try call.options(1)
      let kinds = try kinds(given.value("kinds"))
      let rows = try elements.map { element in
        let cells = element.elements ?? []
        let values = cells.dropFirst().compactMap(\.number)
        guard let name = cells.first?.text, values.count == kinds.count, cells.count == 1 + kinds.count,
          values.allSatisfy(\.isFinite)
        else { throw call.wrong(0, expected) }
        return BarChart.Row(name, values.map { BarChart.Bar($0) })
      }
      return .object(
        FigureObject(
          .bars(
            BarChart(
              title: given.string("title") ?? "bars", x: given.string("x") ?? "value", kinds: kinds,
              rows: rows))))
    }
  }

  private func kinds(_ value: LuaValue?) throws -> [String] {
    guard let value else { return ["value"] }
    let names = (value.elements ?? []).compactMap(\.text)
    guard (1...8).contains(names.count), names.count == value.elements?.count else {
      throw LuaUsageError("option 'kinds' is \(value.shown); expected a list of 1 to 8 texts")
    }
    return names
  }

  var lines: LuaFunction {
    LuaFunction(
      "lines", "Curves over two axes.",
      parameters: [
        LuaParameter(
          "series", "table[]", "{ name = …, x = { … }, y = { … }, spread = { … } or nothing } per curve"),
        LuaParameter("options", "table", "options", optional: true),
      ],
      options: [
        LuaOption("x", .string, default: "\"x\"", "name of the horizontal axis"),
        LuaOption("y", .string, default: "\"y\"", "name of the upright axis"),
        LuaOption("log", .boolean, default: "false", "x by its logarithm"),
        LuaOption("points", .boolean, default: "false", "points that are not joined"),
        LuaOption("title", .string, "what stands above it"),
      ], returns: "augq.Figure"
    ) { call in
      let expected = "a list of { name = …, x = { … }, y = { … } } with equally many finite numbers"
      guard let elements = try call.read(0).elements else { throw call.wrong(0, expected) }
      let given = try call.options(1)
      let style: Chart.Series.Style = given.boolean("points") == true ? .points : .line
      let series = try elements.map { element in
        guard let name = element["name"]?.text, let x = element["x"]?.finiteNumbers,
          let y = element["y"]?.finiteNumbers, x.count == y.count
        else { throw call.wrong(0, expected) }
        let spreads = element["spread"]?.finiteNumbers ?? []
        guard spreads.isEmpty || spreads.count == x.count else { throw call.wrong(0, expected) }
        return Chart.Series(
          name, style,
          x.indices.map { Chart.Point(x: x[$0], y: y[$0], spread: spreads.isEmpty ? 0 : spreads[$0]) })
      }
      return .object(
        FigureObject(
          .chart(
            Chart(
              title: given.string("title") ?? "curves", x: given.string("x") ?? "x",
              y: given.string("y") ?? "y",
              isLogarithmic: given.boolean("log") ?? false, series))))
    }
  }
}
