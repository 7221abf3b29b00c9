import Interchange
import LuaRuntime
import Quantizers
import Reporting
import Tensors

/// Where plugins of the smaller kinds meet the library: `augq.allocate`, `augq.export`, `augq.model`, and the plugins behind
/// `augq.transform`, `augq.data`, `augq.round` and `table:render`.
struct PluginHooks: Sendable {
  let files: PluginFiles

  var functions: [LuaFunction] { [allocate, export, nextTrials] }

  /// `augq.model`: architectures by name.
  var model: LuaModule {
    LuaModule(
      "model", "Architectures by name; each gives a graph.",
      more: files.source("model") { plugin in
        function(plugin, "build", [], returns: "augq.Graph") { found, plugin in
          guard case .object(let object) = found[0], object is GraphObject else {
            throw plugin.wrong("build", found[0], "an augq.Graph")
          }
          return found[0]
        }
      })
  }

  /// Plugins among the functions of `augq.transform`.
  var transforms: LuaModule.FunctionSource {
    files.source("transform") { plugin in
      function(
        plugin, "apply", [LuaParameter("model", "augq.Model", "an FP32 network")],
        returns: "augq.Model, integer"
      ) { found, plugin in
        guard case .object(let object) = found[0], object is ModelObject else {
          throw plugin.wrong("apply", found[0], "an augq.Model")
        }
        return .values([found[0], .integer(found[1].integer ?? 0)])
      }
    }
  }

  /// Plugins among the functions of `augq.data`.
  var datasets: LuaModule.FunctionSource {
    files.source("dataset") { plugin in
      function(plugin, "load", [], returns: "augq.Dataset, augq.Dataset") { found, plugin in
        guard case .object(let object) = found[0], object is DatasetObject else {
          throw plugin.wrong("load", found[0], "an augq.Dataset")
        }
        if case .nil = found[1] { return .values(found) }
        guard case .object(let second) = found[1], second is DatasetObject else {
          throw plugin.wrong("load", found[1], "nil or an augq.Dataset as the second")
        }
        return .values(found)
      }
    }
  }

  /// A function of `parameters` and options that calls one of a plugin's with them and gives two results.
  private func function(
    _ plugin: Plugin, _ name: String, _ parameters: [LuaParameter], returns: String,
    _ check: @escaping @Sendable ([LuaValue], Plugin) throws -> LuaValue
  ) -> LuaFunction {
    LuaFunction(
      plugin.name, plugin.summary,
      parameters: parameters + [LuaParameter("options", "table", "options", optional: true)],
      options: plugin.optionRows, returns: returns
    ) { call in
      let given = try call.options(parameters.count)
      let bound = try BoundPlugin(plugin, from: given)
      for (index, parameter) in parameters.enumerated() where parameter.type == "augq.Model" {
        _ = try call.object(ModelObject.self, index)
      }
      let arguments = try parameters.indices.map { try call.read($0) }
      return try check(bound.plugin.call(name, arguments + [bound.options], results: 2), plugin)
    }
  }

  private var allocate: LuaFunction {
    LuaFunction(
      "allocate",
      "Chooses the bits of each layer from the losses of its widths, and of activations where the plugin does.",
      parameters: [
        LuaParameter(
          "layers", "table[]",
          "{ key = parameter key, count = weights, bits = { 2, 4, 8 }, loss = { of each of them } } per layer"
        ),
        LuaParameter("options", "table", "allocator, and the options of that plugin"),
        LuaParameter(
          "memory", "table[]", "what quantized:memory() returns, for plugins that bound activations",
          optional: true),
      ], returns: "table<string, integer>"
    ) { call in
      guard let rows = try call.read(0).elements, !rows.isEmpty else {
        throw call.wrong(0, "a list of layers")
      }
      let widths = try rows.map(Self.widths)
      let memory = try call.isAbsent(2) ? LuaValue.list([]) : call.read(2)
      let activations = try Self.activations(memory, call)
      let bound = try BoundPlugin(key: "allocator", of: call.read(1), "allocator", files, call.lua)
      let found = try bound.plugin.call("allocate", [.list(rows), bound.options, memory])[0]
      var checked = try widths.map { key, bits in
        guard let chosen = found[key]?.integer, bits.contains(chosen) else {
          throw bound.plugin.wrong(
            "allocate", found[key] ?? .nil, "one of the widths \(bits) for layer '\(key)'")
        }
        return (key: key, value: LuaValue.integer(chosen))
      }
      for key in activations {
        guard let value = found[key] else { continue }
        guard let chosen = value.integer, (1...8).contains(chosen) else {
          throw bound.plugin.wrong("allocate", value, "1 to 8 bits for activation '\(key)'")
        }
        checked.append((key, .integer(chosen)))
      }
      return .table(checked)
    }
  }

  /// The keys of the activations of memory steps.
  private static func activations(_ memory: LuaValue, _ call: LuaCall) throws -> [String] {
    let expected =
      "a list of { node = …, alive = { { key = …, count = … }, … } }, as quantized:memory() returns"
    guard let steps = memory.elements else { throw call.wrong(2, expected) }
    var keys: Set<String> = []
    for step in steps {
      guard let alive = step["alive"]?.elements else { throw call.wrong(2, expected) }
      for value in alive {
        guard let key = value["key"]?.text, let count = value["count"]?.integer, count > 0 else {
          throw call.wrong(2, expected)
        }
        keys.insert(key)
      }
    }
    return keys.sorted()
  }

  private var nextTrials: LuaFunction {
    LuaFunction(
      "next_trials", "Asks a scheduler which trials a sweep plans next; none when all is done.",
      parameters: [
        LuaParameter(
          "trials", "table[]", "{ parameters = { … }, status = \"done\", metrics = { … } } per trial so far"),
        LuaParameter("options", "table", "scheduler, and the options of that plugin"),
      ], returns: "table[]"
    ) { call in
      guard let trials = try call.read(0).elements, !trials.isEmpty else {
        throw call.wrong(0, "a list of trials")
      }
      let bound = try BoundPlugin(key: "scheduler", of: call.read(1), "scheduler", files, call.lua)
      let plan = try TrialScheduler(bound: bound).next(.list(trials))
      return .list(plan.map { parameters in .table(parameters.map { ($0.key, $0.value.luaValue) }) })
    }
  }

  private static func widths(_ row: LuaValue) throws -> (key: String, bits: [Int]) {
    let bits = (row["bits"]?.elements ?? []).compactMap(\.integer)
    guard let key = row["key"]?.text, let count = row["count"]?.integer, count > 0, !bits.isEmpty,
      row["loss"]?.finiteNumbers?.count == bits.count
    else {
      throw LuaUsageError(
        "a layer is \(row.shown); expected { key = \"…\", count = …, bits = { … }, loss = { … } } with one finite loss "
          + "for each width")
    }
    return (key, bits)
  }

  private var export: LuaFunction {
    LuaFunction(
      "export", "Writes a network in the format of an export plugin; returns the number of bytes.",
      parameters: [
        LuaParameter("network", Networks.types, "what to write"), LuaParameter("path", "string", "where"),
        LuaParameter("options", "table", "format, and the options of that plugin"),
      ], returns: "integer"
    ) { call in
      _ = try Networks.classifier(call, 0)
      let bound = try BoundPlugin(key: "format", of: call.read(2), "export", files, call.lua)
      let path = try call.path(1, for: .write)
      let plugin = try bound.plugin.using(write: [path])
      let found = try plugin.call("write", [call.read(0), .string(path), bound.options])[0]
      guard let bytes = found.integer, bytes >= 0 else {
        throw plugin.wrong("write", found, "the number of bytes written")
      }
      return .integer(bytes)
    }
  }

  /// `table:render(name, options)`.
  var render: LuaFunction {
    LuaFunction(
      "render", "Returns the table as the text that a report plugin makes of it.",
      parameters: [
        LuaParameter("format", "string", "plugin of kind report: markdown, html, … or one of yours"),
        LuaParameter("options", "table", "options of the plugin", optional: true),
      ], returns: "string"
    ) { call in
      let table = try call.receiver(TableObject.self).value
      var given: [(key: String, value: LuaValue)] = []
      if !call.isAbsent(1) {
        guard case .table(let members) = try call.read(1) else { throw call.wrong(1, "a table") }
        given = members
      }
      let bound = try BoundPlugin(files.load("report", try call.string(0), call.lua), given)
      let columns = table.columns.map { column in
        LuaValue.table([("name", .string(column.name)), ("kind", .string(column.format.rawValue))])
      }
      let rows = table.shownRows.map { LuaValue.list($0.map { .string($0) }) }
      let found = try bound.plugin.call("render", [.list(columns), .list(rows), bound.options])[0]
      guard found.text != nil else { throw bound.plugin.wrong("render", found, "a text") }
      return found
    }
  }

  /// Rounds the weights of a network as a plugin chooses.
  func round(_ quantized: QuantizedModel, _ method: String, _ lua: LuaState) throws -> QuantizedModel {
    let bound = try BoundPlugin(files.load("rounding", method, lua))
    return try quantized.rounding { weight, neighbours in
      let tensors = [weight, neighbours.lower, neighbours.upper].map { LuaValue.object(TensorObject($0)) }
      return try bound.plugin.tensor("choose", tensors + [bound.options], shape: weight.shape)
    }
  }
}
