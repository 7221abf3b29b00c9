import Interchange
import Layers
import Pipelines
import Quantizers
import Reporting
import Tensors

/// What the REPL prints of networks and data: the description and the first rows of what they hold.
enum Inspection {
  private static let rowLimit = 12

  private static func text(
    _ head: String, _ columns: [ReportTable.Column], _ rows: [[String: ReportTable.Value]]
  ) -> String {
    guard !rows.isEmpty else { return head }
    var table = ReportTable(columns: columns)
    for row in rows.prefix(rowLimit) { table.add(row) }
    if rows.count > rowLimit { table.note("… \(rows.count - rowLimit) more") }
    return "\(head)\n\(table.text.dropLast())"
  }

  /// The layers of a graph, with the number of values of each when there is a model.
  static func text(_ head: String, _ graph: Graph, values: [String: Tensor]? = nil) -> String {
    let columns: [ReportTable.Column] = [.init("node", .text), .init("layer", .text), .init("output", .text)]
    let rows = graph.nodes.map { node -> [String: ReportTable.Value] in
      var row: [String: ReportTable.Value] = [
        "node": .text(node.name), "layer": .text(node.layer.map { type(of: $0).kind } ?? "input"),
        "output": .text("\(node.shape)"),
      ]
      if let values {
        let own = (node.layer?.parameters ?? []).compactMap { values["\(node.name).\($0.name)"]?.count }
        row["values"] = own.isEmpty ? .missing : .number(Double(own.reduce(0, +)))
      }
      return row
    }
    return text(head, columns + (values == nil ? [] : [.init("values", .integer)]), rows)
  }

  /// The weights of a quantized network and the levels of their grids.
  static func text(_ head: String, _ model: QuantizedModel) -> String {
    let columns: [ReportTable.Column] = [
      .init("weight", .text), .init("role", .text), .init("shape", .text), .init("levels", .integer),
      .init("groups", .integer),
    ]
    let rows = model.plan.weights.map { place -> [String: ReportTable.Value] in
      let grid = model.weightGrids[place.key]
      return [
        "weight": .text(place.key), "role": .text(place.role.rawValue),
        "shape": .text(model.model.parameters[place.key].map { "\($0.shape)" } ?? ""),
        "levels": grid.map { .number(Double($0.largestLevelCount)) } ?? .missing,
        "groups": grid.map { .number(Double($0.groupCount)) } ?? .missing,
      ]
    }
    return text(head, columns, rows)
  }

  /// What a data set holds.
  static func text(_ head: String, _ data: Dataset) -> String {
    guard data.hasLabels else { return "\(head), without labels" }
    let names = data.classNames.prefix(rowLimit).joined(separator: ", ")
    let more = data.classNames.count > rowLimit ? ", …" : ""
    return "\(head)\n\(data.classNames.count) classes: \(names)\(more)"
  }

  /// The score and what it took.
  static func text(_ head: String, _ result: Evaluation) -> String {
    let speed = Decimal.significant(result.imagesPerSecond, digits: 4)
    let seconds = Decimal.significant(result.seconds, digits: 3)
    return "\(head): \(result.correct) of \(result.count) right, \(seconds) s, \(speed) images per second"
  }
}
