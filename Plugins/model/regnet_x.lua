-- RegNetX for 224x224 images: stages of bottlenecks with grouped convolutions. Radosavovic et al. 2020, table 14
-- (left). Names as in pycls, which are those of BRECQ too.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Widths and repeats of the stages, channels per group; the key is millions of multiplications.
local variants = {
  [200] = { widths = { 24, 56, 152, 368 }, repeats = { 1, 1, 4, 7 }, group = 8 },
  [400] = { widths = { 32, 64, 160, 384 }, repeats = { 1, 2, 7, 12 }, group = 16 },
  [600] = { widths = { 48, 96, 240, 528 }, repeats = { 1, 3, 5, 7 }, group = 24 },
  [800] = { widths = { 64, 128, 288, 672 }, repeats = { 1, 3, 7, 5 }, group = 16 },
  [1600] = { widths = { 72, 168, 408, 912 }, repeats = { 2, 4, 10, 2 }, group = 24 },
  [3200] = { widths = { 96, 192, 432, 1008 }, repeats = { 2, 6, 15, 2 }, group = 48 },
}

return {
  summary = "RegNetX, as in pycls.",
  api = ">=1.0 <2",
  options = {
    size = { 600, "millions of multiplications: 200, 400, 600, 800, 1600 or 3200", 200, 3200 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local variant = blocks.variant(variants, "size", options.size)
    local graph = augq.graph { 224, 224, 3 }

    local function block(x, name, filters, stride)
      local shortcut = x
      if stride ~= 1 or x.shape[3] ~= filters then
        shortcut = blocks.conv_norm(graph, x, name .. ".proj", name .. ".bn", { filters = filters, stride = stride })
      end
      local f = name .. ".f."
      local grouped = { filters = filters, kernel = 3, stride = stride, groups = filters // variant.group }
      local y = blocks.conv_relu(graph, x, f .. "a", f .. "a_bn", { filters = filters })
      y = blocks.conv_relu(graph, y, f .. "b", f .. "b_bn", grouped)
      y = blocks.conv_norm(graph, y, f .. "c", f .. "c_bn", { filters = filters })
      return graph:relu(graph:add(shortcut, y))
    end

    local x = blocks.conv_relu(graph, graph.input, "stem.conv", "stem.bn", { filters = 32, kernel = 3, stride = 2 })
    for stage, filters in ipairs(variant.widths) do
      for index = 1, variant.repeats[stage] do
        x = block(x, "s" .. stage .. ".b" .. index, filters, index == 1 and 2 or 1)
      end
    end
    blocks.head(graph, x, "head.fc", options.classes)
    return graph
  end,
}
