-- ResNet-18, 34, 50, 101 and 152 for 224x224 images; the second convolution of a bottleneck has its stride. He et al.
-- 2016, table 1. Names as in torchvision.
local augq = require "augq"
local blocks = require "lib.blocks"

local variants = {
  [18] = { repeats = { 2, 2, 2, 2 } }, [34] = { repeats = { 3, 4, 6, 3 } },
  [50] = { repeats = { 3, 4, 6, 3 }, expansion = 4 }, [101] = { repeats = { 3, 4, 23, 3 }, expansion = 4 },
  [152] = { repeats = { 3, 8, 36, 3 }, expansion = 4 },
}

return {
  summary = "ResNet-18, 34, 50, 101 and 152, as in torchvision.",
  api = ">=1.0 <2",
  options = {
    depth = { 18, "18, 34, 50, 101 or 152", 18, 152 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local variant = blocks.variant(variants, "depth", options.depth)
    local graph = augq.graph { 224, 224, 3 }

    local function body(x, name, width, stride)
      if not variant.expansion then
        local first = { filters = width, kernel = 3, stride = stride }
        x = blocks.conv_relu(graph, x, name .. ".conv1", name .. ".bn1", first)
        return blocks.conv_norm(graph, x, name .. ".conv2", name .. ".bn2", { filters = width, kernel = 3 })
      end
      x = blocks.conv_relu(graph, x, name .. ".conv1", name .. ".bn1", { filters = width })
      x = blocks.conv_relu(graph, x, name .. ".conv2", name .. ".bn2", { filters = width, kernel = 3, stride = stride })
      return blocks.conv_norm(graph, x, name .. ".conv3", name .. ".bn3", { filters = width * variant.expansion })
    end

    local function block(x, name, width, stride)
      local filters = width * (variant.expansion or 1)
      local shortcut = x
      if stride ~= 1 or x.shape[3] ~= filters then
        local down = name .. ".downsample."
        shortcut = blocks.conv_norm(graph, x, down .. "0", down .. "1", { filters = filters, stride = stride })
      end
      return graph:relu(graph:add(body(x, name, width, stride), shortcut))
    end

    local x = blocks.conv_relu(graph, graph.input, "conv1", "bn1", { filters = 64, kernel = 7, stride = 2 })
    x = graph:max_pool(x, { kernel = 3, stride = 2, padding = 1 })
    for stage, count in ipairs(variant.repeats) do
      for index = 0, count - 1 do
        local stride = index == 0 and stage > 1 and 2 or 1
        x = block(x, "layer" .. stage .. "." .. index, 64 << (stage - 1), stride)
      end
    end
    blocks.head(graph, x, "fc", options.classes)
    return graph
  end,
}
