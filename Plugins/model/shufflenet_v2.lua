-- ShuffleNetV2 for 224x224 images: half of the channels pass by, then both halves shuffle. Ma et al. 2018, table 5.
-- Names as in torchvision.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Filters of the stem, of the three stages and of the last convolution.
local variants = {
  [0.5] = { 24, 48, 96, 192, 1024 }, [1.0] = { 24, 116, 232, 464, 1024 }, [1.5] = { 24, 176, 352, 704, 1024 },
  [2.0] = { 24, 244, 488, 976, 2048 },
}

return {
  summary = "ShuffleNetV2, as in torchvision.",
  api = ">=1.0 <2",
  options = {
    width = { 1.0, "0.5, 1.0, 1.5 or 2.0", 0.5, 2 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local filters = blocks.variant(variants, "width", options.width)
    local graph = augq.graph { 224, 224, 3 }

    local function pointwise(x, name, first, half)
      return blocks.conv_relu(graph, x, name .. "." .. first, name .. "." .. first + 1, { filters = half })
    end
    local function depthwise(x, name, first, stride)
      local spec = { filters = x.shape[3], kernel = 3, stride = stride, groups = x.shape[3] }
      return blocks.conv_norm(graph, x, name .. "." .. first, name .. "." .. first + 1, spec)
    end

    local function block(x, name, outputs, stride)
      local half = outputs // 2
      local left, right
      if stride == 1 then
        left, right = graph:slice(x, { stop = half }), graph:slice(x, { start = half, stop = outputs })
      else
        right = x
        left = pointwise(depthwise(x, name .. ".branch1", 0, stride), name .. ".branch1", 2, half)
      end
      right = pointwise(right, name .. ".branch2", 0, half)
      right = pointwise(depthwise(right, name .. ".branch2", 3, stride), name .. ".branch2", 5, half)
      return graph:channel_shuffle(graph:concat(left, right), { groups = 2 })
    end

    local stem = { filters = filters[1], kernel = 3, stride = 2 }
    local x = blocks.conv_relu(graph, graph.input, "conv1.0", "conv1.1", stem)
    x = graph:max_pool(x, { kernel = 3, stride = 2, padding = 1 })
    for stage, repeats in ipairs { 4, 8, 4 } do
      for index = 0, repeats - 1 do
        x = block(x, "stage" .. stage + 1 .. "." .. index, filters[stage + 1], index == 0 and 2 or 1)
      end
    end
    x = blocks.conv_relu(graph, x, "conv5.0", "conv5.1", { filters = filters[5] })
    blocks.head(graph, x, "fc", options.classes)
    return graph
  end,
}
