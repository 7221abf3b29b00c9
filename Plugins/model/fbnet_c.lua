-- FBNet-C for 224x224 images: inverted residuals with ReLU, found by search. Wu et al. 2019, figure 4. Names as in
-- timm.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Filters and stride of the first, then kernel and expansion of each block.
local stages = {
  { 16, 1, { 3, 1 } },
  { 24, 2, { 3, 6 }, { 3, 1 }, { 3, 1 } },
  { 32, 2, { 5, 6 }, { 5, 3 }, { 5, 6 }, { 3, 6 } },
  { 64, 2, { 5, 6 }, { 5, 3 }, { 5, 6 }, { 5, 6 } },
  { 112, 1, { 5, 6 }, { 5, 6 }, { 5, 6 }, { 5, 3 } },
  { 184, 2, { 5, 6 }, { 5, 6 }, { 5, 6 }, { 5, 6 } },
  { 352, 1, { 3, 6 } },
}

return {
  summary = "FBNet-C, as in timm.",
  api = ">=1.0 <2",
  options = {
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { 224, 224, 3 }

    local function residual(x, name, filters, kernel, stride, expansion)
      local channels = x.shape[3]
      local wide = channels * expansion
      local y = blocks.conv_relu(graph, x, name .. ".conv_pw", name .. ".bn1", { filters = wide })
      local depthwise = { filters = wide, kernel = kernel, stride = stride, groups = wide }
      y = blocks.conv_relu(graph, y, name .. ".conv_dw", name .. ".bn2", depthwise)
      y = blocks.conv_norm(graph, y, name .. ".conv_pwl", name .. ".bn3", { filters = filters })
      return stride == 1 and channels == filters and graph:add(x, y) or y
    end

    local x = blocks.conv_relu(graph, graph.input, "conv_stem", "bn1", { filters = 16, kernel = 3, stride = 2 })
    for stage, row in ipairs(stages) do
      for index = 3, #row do
        local name = "blocks." .. stage - 1 .. "." .. index - 3
        x = residual(x, name, row[1], row[index][1], index == 3 and row[2] or 1, row[index][2])
      end
    end
    x = blocks.conv_relu(graph, x, "conv_head", "bn2", { filters = 1984 })
    blocks.head(graph, x, "classifier", options.classes)
    return graph
  end,
}
