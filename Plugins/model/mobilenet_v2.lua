-- MobileNetV2 for 224x224 images: inverted residuals with ReLU6. Sandler et al. 2018, table 2; width multiplies the
-- channels. Names as in torchvision.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Expansion, filters, repeats, stride of the first.
local rows = {
  { 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 }, { 6, 64, 4, 2 }, { 6, 96, 3, 1 }, { 6, 160, 3, 2 },
  { 6, 320, 1, 1 },
}

return {
  summary = "MobileNetV2, as in torchvision.",
  api = ">=1.0 <2",
  options = {
    width = { 1.0, "multiplies the channels", 0.05, 8 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { 224, 224, 3 }

    local function convolution(x, name, spec)
      return graph:relu6(blocks.conv_norm(graph, x, name .. ".0", name .. ".1", spec))
    end

    local function residual(x, name, expansion, filters, stride)
      local channels, index = x.shape[3], 0
      local wide = channels * expansion
      local y = x
      if expansion > 1 then
        y = convolution(y, name .. ".conv.0", { filters = wide })
        index = 1
      end
      y = convolution(y, name .. ".conv." .. index, { filters = wide, kernel = 3, stride = stride, groups = wide })
      local last = name .. ".conv."
      y = blocks.conv_norm(graph, y, last .. index + 1, last .. index + 2, { filters = filters })
      return stride == 1 and channels == filters and graph:add(x, y) or y
    end

    local function scaled(filters) return blocks.divisible(filters * options.width, 8) end
    local x = convolution(graph.input, "features.0", { filters = scaled(32), kernel = 3, stride = 2 })
    local index = 1
    for _, row in ipairs(rows) do
      local expansion, filters, repeats, stride = table.unpack(row)
      for count = 1, repeats do
        x = residual(x, "features." .. index, expansion, scaled(filters), count == 1 and stride or 1)
        index = index + 1
      end
    end
    local last = blocks.divisible(1280 * math.max(1, options.width), 8)
    x = convolution(x, "features." .. index, { filters = last })
    blocks.head(graph, x, "classifier.1", options.classes)
    return graph
  end,
}
