import Bindings
import LuaRuntime

/// A script that calls every row of the binding tables with values that fit and values that do not.
///
/// The rows come from the tables, so a new binding is covered as soon as it is there. The script announces each call on
/// standard error before it makes it: after a crash, the last line names the culprit.
struct HostileScript {
  let seed: Int
  let rounds: Int

  var text: String {
    let module = Library.module(Session(scriptPath: "hostile.lua", arguments: []))
    return """
      local augq, seed, rounds = require "augq", \(seed), \(rounds)
      local functions, types = {}, {}
      \(rows(of: module, path: "augq"))
      \(Self.driver)
      """
  }

  private func rows(of module: LuaModule, path: String) -> String {
    let functions = module.functions.map { "functions[#functions + 1] = " + row($0, "\(path).\($0.name)") }
    let types = module.types.map { type in
      let methods = type.methods.map { row($0, "nil") }.joined(separator: ", ")
      let properties = type.properties.map { quoted($0.name) }.joined(separator: ", ")
      return "types[\(quoted(type.name))] = { methods = { \(methods) }, properties = { \(properties) } }"
    }
    let inner = module.modules.map { rows(of: $0, path: "\(path).\($0.name)") }
    return (functions + types + inner).joined(separator: "\n")
  }

  private func row(_ function: LuaFunction, _ callee: String) -> String {
    let parameters = function.parameters.map { quoted($0.type) }.joined(separator: ", ")
    let options = function.options.map { "\($0.name) = \(values($0.kind))" }.joined(separator: ", ")
    let returns = quoted(function.returns ?? "")
    return "{ name = \(quoted(function.name)), callee = \(callee), parameters = { \(parameters) }, "
      + "options = { \(options) }, returns = \(returns) }"
  }

  /// A Lua expression: what an option of a kind may be, as a list of values or the name of a type.
  private func values(_ kind: LuaOption.Kind) -> String {
    switch kind {
    case .boolean: "{ true, false }"
    case .integer(let range):
      "{ \(range.lowerBound), \(min(range.lowerBound + 1, range.upperBound)), \(range.upperBound <= 64 ? range.upperBound : range.lowerBound) }"
    case .number(let range):
      "{ \(range.lowerBound), \(range.upperBound.isFinite ? range.upperBound : 1e9), \((range.lowerBound + 1) / 2) }"
    case .string, .path: "'string'"
    case .name(let names): "{ " + names.map(quoted).joined(separator: ", ") + " }"
    case .numbers: "'number[]'"
    case .function: "'function'"
    case .object(let names): quoted(names.joined(separator: "|"))
    case .any: "'any'"
    }
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  private static let driver = """
    math.randomseed(seed)
    local function pick(list) return list[math.random(#list)] end

    local file <close> = assert(io.open("images.bin", "wb"))
    for image = 0, 7 do file:write(string.char(image), string.rep(string.char(image * 30, 255 - image), 1536)) end
    file:flush()
    local images = augq.data.cifar10 { "images.bin" }
    local graph = augq.graph { 32, 32, 3 }
    local body = graph:relu(graph:batch_norm(graph:conv2d(graph.input, { filters = 2, kernel = 3, stride = 4 })))
    graph:linear(graph:flatten(body), { features = 10 })
    local model = augq.build(graph)
    local grid = augq.granularity.augq { bits = 2 }
    local quantized = augq.quantize(model, { weights = grid, activations = grid, calibration = images })
    local objects = {
      ["augq.Tensor"] = { augq.tensor.of({ 2, 2 }, { 1, -2, 0, 0 / 0 }), augq.tensor.zeros { 0 }, images:images() },
      ["augq.Dataset"] = { images, images:subset(1, 0) },
      ["augq.Graph"] = { graph, augq.graph { 4, 4, 1 } },
      ["augq.Node"] = { body, graph.input },
      ["augq.Model"] = { model },
      ["augq.Granularity"] = { grid, augq.granularity.augq { bits = 4, mode = "published" } },
      ["augq.Quantized"] = { quantized },
      ["augq.Engine"] = { quantized:compile() },
      ["augq.Optimizer"] = { augq.optimizer.adam() },
      ["augq.Schedule"] = { augq.schedule.cosine() },
      ["augq.Evaluation"] = { augq.evaluate(model, images) },
      ["augq.Codebook"] = { augq.codebook.kmeans { bits = 2 } },
      ["augq.Figure"] = {
        augq.figure.bars { { "a", 1 } }, augq.figure.lines { { name = "a", x = { 1, 2 }, y = { -1e308, 1e308 } } },
        augq.figure.histogram(augq.tensor.full({ 3 }, 1e20)), augq.figure.ranges(quantized, "conv2d1.weight"),
      },
      ["augq.Table"] = { augq.table { { "a", "text" }, { "1", "number" } } },
    }
    local type_names = {}
    for name in pairs(types) do
      assert(objects[name], name .. " has no example here; add one")
      type_names[#type_names + 1] = name
    end
    table.sort(type_names)

    local holds_itself = {}
    holds_itself[1] = holds_itself
    local closed = augq.tensor.zeros { 1 }
    do local _ <close> = closed end
    local hostile = {
      false, true, 0, -1, 1, 2, 1 << 31, -1 << 31, 1 << 40, math.maxinteger, math.mininteger, 0.5, -1.5, 1e308, 1 / 0,
      -1 / 0, 0 / 0, "", "x", "3", "a\\0b", "\\xff\\xfe", "é", string.rep("long", 100), {}, { 1 },
      { -1 }, { 0, 1 << 62, 1 << 62 }, { 1 << 62, 4 }, { 1 << 31, 1, 1 }, { 1 << 20, 1 << 20, 1 }, { 0.5 }, { "a" }, { {} },
      { 1, nil, 3 }, { a = 1 }, { 1, ["1"] = 2 }, { ["\\xff"] = 1, ["\\xfe"] = 2 }, holds_itself, closed, print, io.stderr,
      coroutine.create(print), function() error({}) end, function(...) return ... end, { crop = math.maxinteger },
      { crop = -1 }, { crop = 1, flip = true }, { n = { 1, "a number", 5, 1 } }, { n = { 1, "a", 0 / 0, 1 } }, { { "a", "text" } },
      setmetatable({}, { __index = error, __len = error, __pairs = error, __tostring = error }),
    }
    local fitting = {
      integer = { 0, 1, 2, 3, 8 }, number = { 0, 1, -1, 0.5, 1e30 }, string = { "x", "y", "conv2d1.weight" },
      ["integer[]"] = { { 4 }, { 2, 3 }, { 4, 4, 1 }, { 1, 32, 32, 3 }, { 0, 4, 4, 1 }, { 0 } },
      ["number[]"] = { {}, { 0.5 }, { 0.25, 0.5, 0.75 }, { 1, 2, 3, 4 }, { -1, 1 } },
      ["string[]"] = { { "images.bin" }, { "nothing.bin" } }, ["string[][]"] = { { { "a", "text" }, { "a", "bits" } } },
      ["function"] = { print, function() error "refused" end, function() return augq.evaluate(model, images) end },
      any = { 1, 2, { 1, 1 }, { 0, 0, 0, 0 }, true, "tensor", "channel", 0.5 },
    }

    local function example(expected)
      local names = {}
      for name in expected:gmatch "[^|]+" do names[#names + 1] = name end
      local name = pick(names)
      return pick(objects[name] or fitting[name] or hostile)
    end

    local function argument(expected)
      local draw = math.random()
      if draw < 0.85 then return example(expected) end
      if draw < 0.9 then
        return pick(objects[pick(type_names)])
      end
      return pick(hostile)
    end

    local function option_table(rows)
      local result = {}
      for name, values in pairs(rows) do
        local draw = math.random()
        if draw < 0.05 then
          result[name] = pick(hostile)
        elseif draw < 0.7 then
          if type(values) == "table" then result[name] = pick(values) else result[name] = argument(values) end
        end
      end
      return result
    end

    local function arguments(row)
      local list = {}
      for index, expected in ipairs(row.parameters) do
        local takes_options = expected == "table" and next(row.options)
        list[index] = takes_options and math.random() < 0.9 and option_table(row.options) or argument(expected)
      end
      if math.random() < 0.05 then list[#list] = nil end
      if math.random() < 0.05 then list[#list + 1] = pick(hostile) end
      return list
    end

    local function keep(name, value)
      local list = objects[name]
      if not list or type(value) ~= "userdata" then return end
      if #list < 24 then list[#list + 1] = value else list[math.random(4, #list)] = value end
    end

    local operations = {
      function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end,
      function(a, b) return a / b end, function(a) return -a end, function(a) return #a end, function(a, b) return a == b end,
      function(a, b) return a < b end, function(a, b) return a .. b end, function(a, b) return a[b] end,
      function(a, b) a.output = b end, function(a, b) a[b] = b end, function(a, b) return a(b) end, tostring,
      function(a) return a.nothing end, function(a) for _ in pairs(a) do break end end,
    }

    -- The raised value need not be a text, but it must be one that the script can look at.
    local function try(label, body, ...)
      io.stderr:write(label, "\\n")
      local ok, result = pcall(body, ...)
      if not ok then pcall(tostring, result) end
      return ok and result or nil
    end

    local calls, passed = 0, 0
    local quiet = print
    for _ = 1, rounds do
      for _, row in ipairs(functions) do
        local result = try(row.name, row.callee, table.unpack(arguments(row)))
        keep(row.returns, result)
        calls, passed = calls + 1, passed + (result and 1 or 0)
      end
      for _, name in ipairs(type_names) do
        local type_row = types[name]
        local object = pick(objects[name])
        for _, row in ipairs(type_row.methods) do
          local receiver = math.random() < 0.95 and object or pick(hostile)
          local result = try(name .. ":" .. row.name, object[row.name], receiver, table.unpack(arguments(row)))
          keep(row.returns, result)
          calls, passed = calls + 1, passed + (result and 1 or 0)
        end
        for _, property in ipairs(type_row.properties) do try(name .. "." .. property, function() return object[property] end) end
        local other = math.random() < 0.5 and pick(hostile) or pick(objects[pick(type_names)])
        for index, operation in ipairs(operations) do
          try(name .. " operation " .. index, operation, object, other)
          try(name .. " operation " .. index .. " turned", operation, other, object)
        end
      end
    end
    collectgarbage()
    quiet(("%d calls, %d gave a value"):format(calls, passed))
    """
}
