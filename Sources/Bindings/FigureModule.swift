import Interchange
import Layers
import LuaRuntime
import Pipelines
import Quantizers
import Reporting
import Runs
import Tensors

/// `augq.Figure`.
final class FigureObject {
  let value: Figure
  init(_ value: Figure) { self.value = value }
}

/// `augq.figure`: pictures of weights, activations and results, for reports, files and terminals.
struct FigureModule: Sendable {
  let session: Session
  private static let bins = LuaOption(
    "bins", .integer(1...Histogram.mostBins), default: "120", "how many bars")
  private static let logarithm = LuaOption(
    "log", .boolean, default: "false", "bars as high as the logarithm of the count")
  private static let title = LuaOption("title", .string, "what stands above it")

  var module: LuaModule {
    LuaModule(
      "figure", "Pictures of weights, activations and results, for reports, files and terminals.",
      functions: [weights, activations, ranges, histogram, bars, lines], types: [type])
  }

  private var weights: LuaFunction {
    LuaFunction(
      "weights", "A histogram of the weights of a group with the edges and the levels of its grid.",
      parameters: [
        LuaParameter("network", "augq.Quantized", "before rounding, so that values lie between the levels"),
        LuaParameter("key", "string", "parameter key, such as stem.weight"),
        LuaParameter("options", "table", "options", optional: true),
      ],
      options: [
        LuaOption("group", .integer(1...1 << 30), default: "1", "which channel or block"), Self.bins,
        Self.logarithm, Self.title,
      ], returns: "augq.Figure"
    ) { call in
      let (key, weight, grid) = try weight(call)
      let given = try call.options(2)
      let group = (given.integer("group") ?? 1) - 1
      guard group < grid.groupCount else {
        throw LuaUsageError("option 'group' is \(group + 1); '\(key)' has \(grid.groupCount) groups")
      }
      let place = grid.groupCount == 1 ? "" : ", group \(group + 1) of \(grid.groupCount)"
      return try figure(
        grid.values(of: weight, group: group), of: grid, group: group,
        given.string("title") ?? "\(key)\(place)", "weight", given)
    }
  }

  private var activations: LuaFunction {
    LuaFunction(
      "activations",
      "A histogram of a node's FP32 outputs over images, with the edges and the levels of its grid.",
      parameters: [
        LuaParameter("network", "augq.Quantized", "whose activations have grids"),
        LuaParameter("node", "string", "the node's name, such as block1.pw_relu"),
        LuaParameter("options", "table", "options"),
      ],
      options: [
        LuaOption("calibration", .object(["augq.Dataset"]), default: nil, "images that are looked at"),
        Self.bins, Self.logarithm, Self.title,
      ], returns: "augq.Figure"
    ) { call in
      let network = try call.object(QuantizedObject.self, 0).value
      let (name, given) = (try call.string(1), try call.options(2))
      guard let grid = network.activationGrids[name], let node = network.model.graph.index(of: name) else {
        throw unknown("activation", name, network.plan.activations.map(\.key))
      }
      let images = try given.calibrationImages(for: network.model, purpose: "option 'calibration'")
      let values = try network.activations(ofNode: node, over: images, execution: session.execution)
      return try figure(values, of: grid, group: 0, given.string("title") ?? name, "activation", given)
    }
  }

  private var ranges: LuaFunction {
    LuaFunction(
      "ranges", "A strip for each channel: least and largest weight, middle half, ends of the grid.",
      parameters: [
        LuaParameter("network", "augq.Quantized", "before rounding, so that values lie between the levels"),
        LuaParameter("key", "string", "parameter key, such as stem.weight"),
        LuaParameter("options", "table", "options", optional: true),
      ], options: [Self.title], returns: "augq.Figure"
    ) { call in
      let (key, weight, grid) = try weight(call)
      let axis: Int = if case .channel(let axis) = grid.group { axis } else { 0 }
      let extents = weight.shape.dimensions
      let inner = extents[(axis + 1)...].reduce(1, *)
      var channels = [[Float]](repeating: [], count: extents[axis])
      weight.withValues { values in
        for (index, value) in values.enumerated() { channels[index / inner % extents[axis]].append(value) }
      }
      // Blocks lie in channels one after the other.
      let isByChannel = grid.groupCount % channels.count == 0
      func bounds(_ channel: Int) -> ValueRange {
        let count = isByChannel ? grid.groupCount / channels.count : 1
        let own = (0..<count).map { grid.bounds(group: isByChannel ? channel * count + $0 : 0) }
        return ValueRange(own.map(\.low).min() ?? 0, own.map(\.high).max() ?? 0)
      }
      let strips = channels.enumerated().map { index, values -> RangeStrips.Strip in
        let (sorted, bounds) = (values.sorted().map(Double.init), bounds(index))
        let last = sorted.count - 1
        return RangeStrips.Strip(
          low: sorted[0], lowQuartile: sorted[last / 4], highQuartile: sorted[last - last / 4],
          high: sorted[last], lowestLevel: Double(bounds.low), highestLevel: Double(bounds.high))
      }
      let title = try call.options(2).string("title") ?? key
      return .object(FigureObject(.strips(RangeStrips(title: title, strips))))
    }
  }

  private var histogram: LuaFunction {
    LuaFunction(
      "histogram", "A histogram of the values of a tensor.",
      parameters: [
        LuaParameter("tensor", "augq.Tensor", "values; those that are not finite are left out"),
        LuaParameter("options", "table", "options", optional: true),
      ],
      options: [
        LuaOption("edges", .numbers, "where dashed lines stand"),
        LuaOption("levels", .numbers, "where strokes stand"),
        LuaOption("x", .string, default: "\"value\"", "what the values are"), Self.bins, Self.logarithm,
        Self.title,
      ], returns: "augq.Figure"
    ) { call in
      let tensor = try call.object(TensorObject.self, 0).value
      let given = try call.options(1)
      return drawn(
        tensor.values, given.string("title") ?? "histogram", given.string("x") ?? "value",
        edges: given.numbers("edges") ?? [], levels: given.numbers("levels") ?? [], given)
    }
  }

  private func figure(
    _ values: [Float], of grid: any QuantizationGrid, group: Int, _ title: String, _ what: String,
    _ given: LuaOptions
  ) throws -> LuaValue {
    let regions = grid as? RegionGrid
    let count = (regions?.edges.count ?? 0) / grid.groupCount
    let edges = regions.map { $0.edges[group * count..<(group + 1) * count].map(Double.init) } ?? []
    return drawn(
      values, title, what, edges: edges, levels: grid.levels(group: group).map(Double.init), given)
  }

  private func drawn(
    _ values: [Float], _ title: String, _ what: String, edges: [Double], levels: [Double], _ given: LuaOptions
  ) -> LuaValue {
    let histogram = Histogram(
      title: title, x: what, of: values, bins: given.integer("bins") ?? 120, edges: edges, levels: levels,
      isLogarithmic: given.boolean("log") ?? false)
    return .object(FigureObject(.histogram(histogram)))
  }

  private func weight(_ call: LuaCall) throws -> (key: String, weight: Tensor, grid: any QuantizationGrid) {
    let network = try call.object(QuantizedObject.self, 0).value
    let key = try call.string(1)
    guard let weight = network.model.parameters[key], let grid = network.weightGrids[key] else {
      throw unknown("weight", key, network.plan.weights.map(\.key))
    }
    return (key, weight, grid)
  }

  private func unknown(_ what: String, _ name: String, _ names: [String]) -> LuaUsageError {
    guard !names.isEmpty else { return LuaUsageError("no \(what) of the network has a grid") }
    return LuaUsageError("no \(what) '\(name)' has a grid. \(nearest(name, among: names))")
  }

  private var type: LuaType {
    LuaType(
      "augq.Figure", "A picture of numbers.", for: FigureObject.self,
      methods: [
        LuaFunction("svg", "Returns the picture as an SVG file.", returns: "string") {
          .string(try $0.receiver(FigureObject.self).value.svgFile)
        },
        LuaFunction(
          "text", "Returns the picture for a terminal.",
          parameters: [
            LuaParameter("width", "integer", "columns, 40 to 400; 78 when absent", optional: true)
          ],
          returns: "string"
        ) { call in
          let width = try call.isAbsent(0) ? 78 : call.integer(0)
          guard (40...400).contains(width) else { throw call.wrong(0, "40 to 400 columns") }
          return .string(try call.receiver(FigureObject.self).value.text(width: width))
        },
        LuaFunction(
          "save",
          "Writes the picture: as SVG, as text when the path ends in .txt, as JSON when it ends in .json.",
          parameters: [LuaParameter("path", "string", "the file")]
        ) { call in
          let figure = try call.receiver(FigureObject.self).value
          let path = try call.path(0, for: .write)
          let text =
            try path.hasSuffix(".json")
            ? figure.json : path.hasSuffix(".txt") ? figure.text() : figure.svgFile
          try AtomicFile.write(text, to: path)
          return .none
        },
        LuaFunction(
          "keep", "Keeps the picture with this run, for `augq report` and `augq plot`.",
          parameters: [LuaParameter("name", "string", "its name; the title when absent", optional: true)]
        ) { call in
          let figure = try call.receiver(FigureObject.self).value
          let name = try call.isAbsent(0) ? figure.title : call.string(0)
          try RunModule.check(name, call, 0)
          _ = try session.journal.keep(text: figure.json, as: "figures/\(name).json")
          return .none
        },
      ],
      properties: [
        LuaProperty("title", "string", "what stands above it") {
          .string(try $0.receiver(FigureObject.self).value.title)
        }
      ],
      description: { "Figure '\($0.value.title)'" }, inspection: { $0.value.text() })
  }
}
