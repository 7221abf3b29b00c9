-- ShuffleNetV1 for 224x224 images: grouped pointwise convolutions with a shuffle between them. Zhang et al. 2018,
-- table 1. Names and order of the shuffle as in megvii-model/ShuffleNet-Series.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Filters of the stem and of the three stages, by groups and width.
local variants = {
  [3] = {
    [0.5] = { 12, 120, 240, 480 }, [1.0] = { 24, 240, 480, 960 }, [1.5] = { 24, 360, 720, 1440 },
    [2.0] = { 48, 480, 960, 1920 },
  },
  [8] = {
    [0.5] = { 16, 192, 384, 768 }, [1.0] = { 24, 384, 768, 1536 }, [1.5] = { 24, 576, 1152, 2304 },
    [2.0] = { 48, 768, 1536, 3072 },
  },
}

return {
  summary = "ShuffleNetV1, as in megvii-model/ShuffleNet-Series.",
  api = ">=1.0 <2",
  options = {
    groups = { 3, "groups of the pointwise convolutions: 3 or 8", 3, 8 },
    width = { 1.0, "0.5, 1.0, 1.5 or 2.0", 0.5, 2 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local groups = options.groups
    local filters = blocks.variant(blocks.variant(variants, "groups", groups), "width", options.width)
    local graph = augq.graph { 224, 224, 3 }

    local function block(x, name, outputs, stride, first_groups)
      local middle, channels = outputs // 4, x.shape[3]
      local main = name .. ".branch_main_1."
      local y = blocks.conv_relu(graph, x, main .. "0", main .. "1", { filters = middle, groups = first_groups })
      local depthwise = { filters = middle, kernel = 3, stride = stride, groups = middle }
      y = blocks.conv_norm(graph, y, main .. "3", main .. "4", depthwise)
      y = graph:channel_shuffle(y, { groups = middle // groups })
      main = name .. ".branch_main_2."
      local last = { filters = stride == 2 and outputs - channels or outputs, groups = groups }
      y = blocks.conv_norm(graph, y, main .. "0", main .. "1", last)
      if stride == 1 then return graph:relu(graph:add(y, x)) end
      return graph:concat(graph:average_pool(x, { kernel = 3, stride = 2, padding = 1 }), graph:relu(y))
    end

    local stem = { filters = filters[1], kernel = 3, stride = 2 }
    local x = blocks.conv_relu(graph, graph.input, "first_conv.0", "first_conv.1", stem)
    x = graph:max_pool(x, { kernel = 3, stride = 2, padding = 1 })
    local index = 0
    for stage, repeats in ipairs { 4, 8, 4 } do
      for count = 1, repeats do
        local first_groups = index == 0 and 1 or groups
        x = block(x, "features." .. index, filters[stage + 1], count == 1 and 2 or 1, first_groups)
        index = index + 1
      end
    end
    blocks.head(graph, x, "classifier.0", options.classes, false)
    return graph
  end,
}
