import Layers
public import LuaRuntime
import Packing
import Quantizers
import Reconstruction
import Tensors

/// What holds for every plugin of a kind, tried on one plugin.
public struct PluginLaws {
  private let files: PluginFiles
  private let lua: LuaState

  /// Prepares the laws for plugins of a session; `lua` has the library registered.
  public init(session: Session, lua: LuaState) {
    files = PluginFiles(session: session)
    self.lua = lua
  }

  /// Loads a plugin and tries every law of its kind; returns what does not hold, one sentence each.
  public func failures(of entry: PluginEntry) -> [String] {
    do {
      let plugin = try files.load(entry, lua)
      switch plugin.kind.name {
      case "granularity": return try granularity(plugin)
      case "codebook": return try grids("codebook", plugin.name, ["tensor", "channel", "5"], plugin)
      case "observer": return try observer(plugin)
      case "gradient": return try gradient(plugin)
      case "partition": return try partition(plugin)
      default: return try scripted(plugin)
      }
    } catch let error as LuaError {
      return [error.message]
    } catch {
      return ["\(error)"]
    }
  }

  /// Values that plugins meet: normal, one-sided, far from 1, few, all alike.
  private static let samples: [(name: String, tensor: Tensor)] = {
    var random = RandomSource(seed: 41)
    func draw(_ shape: Shape, _ body: (Float) -> Float) -> Tensor {
      Tensor(shape, (0..<shape.count).map { _ in body(random.normal()) })
    }
    return [
      ("normal values", draw([6, 3, 3, 5]) { 0.3 * $0 }),
      ("values of at least 0", draw([4, 35]) { max(0, $0) }),
      ("values around 1000", draw([3, 40]) { 1000 + 200 * $0 }),
      ("a single value", Tensor([1, 1], [0.7])),
      ("zeros", Tensor(zeros: [2, 9])),
      ("two values", Tensor([2, 4], [-1, 1, -1, 1, 1, 1, -1, -1])),
    ]
  }()

  private func granularity(_ plugin: Plugin) throws -> [String] {
    let groups = plugin.function("grid") == nil ? ["tensor"] : ["tensor", "channel", "5"]
    return try grids("granularity", plugin.name, groups, plugin)
  }

  private func grids(_ module: String, _ name: String, _ groups: [String], _ plugin: Plugin) throws
    -> [String]
  {
    var failures: [String] = []
    for group in groups {
      let value = Int(group) == nil ? "\"\(group)\"" : group
      let options = groups.count == 1 ? "" : "{ group = \(value) }"
      let recipe = try Library.gridRecipe("augq.\(module).\(name)(\(options))", lua)
      for (label, x) in Self.samples {
        func fail(_ law: String) { failures.append("\(label), group \(group): \(law)") }
        do {
          try check(recipe, x, fail)
        } catch {
          fail((error as? LuaError)?.message ?? "\(error)")
        }
      }
    }
    return failures
  }

  private func check(_ recipe: any GridRecipe, _ x: Tensor, _ fail: (String) -> Void) throws {
    let execution = Execution(threads: 1)
    try recipe.validate()
    let grid = try recipe.grid(for: x, execution: execution)
    let isPublished = (grid as? RegionGrid)?.specification.mode == .published
    let y = try grid.fakeQuantized(x, execution: execution)
    if y.shape != x.shape { return fail("the shape becomes \(y.shape)") }
    if y.values.contains(where: { !$0.isFinite }) { fail("a value is not finite") }
    if try recipe.grid(for: x, execution: execution).fakeQuantized(x, execution: execution).values != y.values
    {
      fail("a second time gives other values")
    }
    for group in 0..<grid.groupCount where grid.levels(group: group).isEmpty {
      fail("group \(group) has no levels")
    }
    guard !isPublished else { return }
    let codes = try grid.quantize(x, execution: execution)
    let most = grid.codeCount
    if try grid.dequantize(codes).values != y.values {
      fail("dequantize(quantize(x)) is not what fake quantization gives")
    }
    let again = try grid.fakeQuantized(y, execution: execution).values
    let moved = zip(again, y.values).map { abs($0 - $1) }.max() ?? 0
    let largest = y.values.map { abs($0) }.max() ?? 0
    if moved > 1e-5 * largest { fail("levels do not keep their value: one moves by \(moved)") }
    let report = try grid.storage(of: x, execution: execution)
    if codes.blockIntervals.isEmpty {
      if let top = codes.codes.max(), Int(top) >= most { fail("code \(top) is outside 0 ... \(most - 1)") }
      let bits = PackedCodes.bits(forLevels: most)
      if Double(bits) != report.stored {
        fail("\(report.stored) stored bits are reported, but codes take \(bits)")
      }
    }
    if report.count != x.count { fail("storage of \(report.count) values is reported for \(x.count)") }
    let gradient = try grid.adjoint(Tensor(x.shape, repeating: 1), at: x, execution: execution)
    if gradient.shape != x.shape || gradient.values.contains(where: { !$0.isFinite }) {
      fail("the gradient is not finite")
    }
  }

  private func observer(_ plugin: Plugin) throws -> [String] {
    let bound = try BoundPlugin(plugin)
    var failures: [String] = []
    for (label, x) in Self.samples {
      let range = try bound.range(of: x)
      if try bound.range(of: x) != range { failures.append("\(label): a second time gives another range") }
    }
    _ = try lua.evaluate(
      "return require \"augq\".granularity.uniform { bits = 4, observer = \"\(plugin.name)\" }", name: "=laws"
    )
    return failures
  }

  private func gradient(_ plugin: Plugin) throws -> [String] {
    let rule = PluginGradient(bound: try BoundPlugin(plugin))
    var failures: [String] = []
    for (label, x) in Self.samples {
      let grid = try GridSpecification(bits: 3).fit(to: x)
      let incoming = Tensor.elementwise(x, scale: 0.5, shift: 0.1)
      let y = try grid.fakeQuantized(x)
      let result = try rule.gradient(incoming, at: x, output: y)
      if try rule.gradient(incoming, at: x, output: y).values != result.values {
        failures.append("\(label): a second time gives another gradient")
      }
    }
    return failures
  }

  private func partition(_ plugin: Plugin) throws -> [String] {
    let graph = try ReferenceNetworks.resNet20()
    let units = try BoundPlugin(plugin).units(of: graph)
    let covered = units.flatMap(\.region.nodes).filter { graph.nodes[$0].layer?.isWeighted == true }
    let weighted = graph.nodes.indices.filter { graph.nodes[$0].layer?.isWeighted == true }
    var failures: [String] = []
    if Set(covered).count != covered.count {
      failures.append("a layer with weights is in two units of ResNet-20")
    }
    if let missing = weighted.first(where: { !covered.contains($0) }) {
      failures.append("layer '\(graph.nodes[missing].name)' of ResNet-20 is in no unit")
    }
    return failures
  }

  /// Laws that are a Lua script: it returns what does not hold.
  private func scripted(_ plugin: Plugin) throws -> [String] {
    guard let law = PluginLawScripts.texts[plugin.kind.name] else { return [] }
    let value = try lua.evaluate(
      PluginLawScripts.prologue + law, name: "=laws of \(plugin.kind.name) \(plugin.name)")
    guard case .function(let function) = value else { return ["the law is no function"] }
    let exact = plugin["exact"]?.boolean ?? true
    let budget = plugin.options.rows.contains { $0.name == "mean_bits" }
    let found = try function.result([.string(plugin.name), .boolean(exact), .boolean(budget)])
    return (found.elements ?? []).compactMap(\.text)
  }
}

extension QuantizationGrid {
  /// The number of codes of a value, its interval's index included.
  fileprivate var codeCount: Int {
    if let region = self as? RegionGrid, !region.isUniform {
      return region.specification.intervals << region.specification.bits
    }
    return (0..<groupCount).map { levels(group: $0).count }.max() ?? 1
  }
}
