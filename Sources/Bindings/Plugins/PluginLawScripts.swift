/// Laws of plugin kinds that scripts can state themselves: each returns a function of the plugin's name that gives a list of
/// what does not hold.
enum PluginLawScripts {
  static let prologue = """
    local augq = require "augq"
    local failures = {}
    local function check(holds, text) if not holds then failures[#failures + 1] = text end end
    local function tiny()
      return augq.build(augq.model.tiny_cnn { height = 8, width = 8, channels = 1, filters = 4, classes = 4 })
    end
    local function images() return (augq.data.stripes { count = 32, size = 8 }) end
    local function quantized()
      local grid = augq.granularity.uniform { bits = 3 }
      return augq.quantize(tiny(), { weights = grid, activations = grid, calibration = images(), first_last = "same" })
    end
    local function largest(x) return x:abs():max() end

    """

  static let texts: [String: String] = [
    "rounding": """
    return function(name)
      local x = images():images()
      local first = augq.round(quantized(), { method = name })
      local again = augq.round(quantized(), { method = name })
      check(first:forward(x) == again:forward(x), "a second time gives other weights")
      check(first:weights_on_levels(), "a weight is on no level")
      return failures
    end
    """,
    "reconstruction": """
    return function(name)
      local function run()
        return augq.reconstruct(quantized(), { method = name, calibration = images(), iterations = 4, batch = 8 })
      end
      local tuned, report = run()
      for _, unit in ipairs(report.units) do
        check(unit.after <= unit.before, "the error of unit '" .. unit.name .. "' rises")
      end
      check(tuned:forward(images():images()) == (run()):forward(images():images()), "a second time gives another network")
      return failures
    end
    """,
    "transform": """
    return function(name, exact)
      local model, x = tiny(), images():images()
      local before = model:forward(x)
      local changed = augq.transform[name](model)
      check(model:forward(x) == before, "the model given is changed")
      if exact then
        local gap = largest(changed:forward(x) - before)
        check(gap <= 1e-3 * math.max(1, largest(before)), "outputs move by " .. gap)
      end
      return failures
    end
    """,
    "allocator": """
    return function(name, _, has_budget)
      local layers, total = {}, 0
      for index = 1, 12 do
        local count = 100 * index
        local loss = index % 5 + 1
        layers[index] = { key = "layer" .. index, count = count, bits = { 2, 3, 4, 8 }, loss = { 8 * loss, 3 * loss, loss, 0 } }
        total = total + count
      end
      for _, mean in ipairs { 2, 3.3, 8 } do
        local options = { allocator = name }
        if has_budget then options.mean_bits = mean end
        local first, again = augq.allocate(layers, options), augq.allocate(layers, options)
        local used = 0
        for _, layer in ipairs(layers) do
          check(first[layer.key] == again[layer.key], "a second time gives other widths")
          used = used + layer.count * first[layer.key]
        end
        if has_budget then check(used <= mean * total, "takes " .. used / total .. " bits of " .. mean) end
      end
      return failures
    end
    """,
    "scheduler": """
    return function(name)
      local trials = {}
      for index = 1, 9 do trials[index] = { parameters = { rate = index }, status = "new", metrics = {} } end
      local planned = {}
      for round = 1, 50 do
        local given = round == 1 and trials or planned
        local plan = augq.next_trials(given, { scheduler = name })
        local again = augq.next_trials(given, { scheduler = name })
        check(#plan == #again, "a second time plans " .. #again .. " trials, not " .. #plan)
        if round == 1 then check(#plan > 0, "plans no trial at first") end
        if #plan == 0 then return failures end
        for _, parameters in ipairs(plan) do
          local metrics = { top1 = parameters.rate, score = parameters.rate, loss = -parameters.rate }
          planned[#planned + 1] = { parameters = parameters, status = "done", metrics = metrics }
        end
      end
      check(false, "does not come to an end in 50 rounds")
      return failures
    end
    """,
    "model": """
    return function(name)
      local graph = augq.model[name]()
      local model = augq.build(graph)
      local shape = { 2 }
      for _, extent in ipairs(graph.input.shape) do shape[#shape + 1] = extent end
      local y = model:forward(augq.tensor.normal(shape, 3))
      check(y:min() > -math.huge and y:max() < math.huge, "outputs are not finite")
      check(y == augq.build(augq.model[name]()):forward(augq.tensor.normal(shape, 3)), "a second time gives another network")
      return failures
    end
    """,
    "dataset": """
    return function(name)
      local function first()
        local train, test = augq.data[name]()
        return train, test
      end
      local train, test = first()
      check(#train > 0, "there are no images")
      for _, data in ipairs { train, test } do
        local x = data:subset(1, 1):images()
        for axis, extent in ipairs(data.shape) do check(x.shape[axis + 1] == extent, "images are not of the shape it says") end
        check(x:min() > -math.huge and x:max() < math.huge, "a pixel is not finite")
      end
      check(train:subset(1, 1):images() == (first()):subset(1, 1):images(), "a second time gives other images")
      return failures
    end
    """,
    "export": """
    return function(name)
      local function bytes()
        local path = os.tmpname()
        local count = augq.export(quantized(), path, { format = name })
        local file <close> = assert(io.open(path, "rb"))
        local text = file:read "a"
        os.remove(path)
        check(#text == count, "says " .. count .. " bytes, but wrote " .. #text)
        return text
      end
      check(bytes() == bytes(), "a second time gives other bytes")
      return failures
    end
    """,
    "report": """
    return function(name)
      local rows = augq.table { { "name", "text" }, { "value", "number" } }
      for index = 1, 3 do rows:add { name = "row" .. index, value = index / 3 } end
      local text = rows:render(name)
      for index = 1, 3 do check(text:find("row" .. index, 1, true), "row " .. index .. " does not appear") end
      check(text == rows:render(name), "a second time gives another text")
      return failures
    end
    """,
  ]
}
