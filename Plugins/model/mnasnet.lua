-- MNASNet-B1 for 224x224 images. Tan et al. 2019; width multiplies the channels: 1.0 is torchvision's mnasnet1_0, 2.0
-- the network of BRECQ (Li et al. 2021). Names as in torchvision.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Filters, kernel, stride of the first, expansion, repeats.
local rows = {
  { 24, 3, 2, 3, 3 }, { 40, 5, 2, 3, 3 }, { 80, 5, 2, 6, 3 }, { 96, 3, 1, 6, 2 }, { 192, 5, 2, 6, 4 },
  { 320, 3, 1, 6, 1 },
}

return {
  summary = "MNASNet-B1, as in torchvision.",
  api = ">=1.0 <2",
  options = {
    width = { 1.0, "multiplies the channels; 2.0 is BRECQ's", 0.05, 8 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { 224, 224, 3 }

    -- The convolution `first` of a sequence and the batch norm behind it.
    local function step(x, name, first, spec)
      return blocks.conv_norm(graph, x, name .. "." .. first, name .. "." .. first + 1, spec)
    end

    local function residual(x, name, filters, kernel, stride, expansion)
      local channels = x.shape[3]
      local wide = channels * expansion
      local y = graph:relu(step(x, name, 0, { filters = wide }))
      y = graph:relu(step(y, name, 3, { filters = wide, kernel = kernel, stride = stride, groups = wide }))
      y = step(y, name, 6, { filters = filters })
      return stride == 1 and channels == filters and graph:add(x, y) or y
    end

    local function scaled(filters) return blocks.divisible(filters * options.width, 8) end
    local stem = scaled(32)
    local x = graph:relu(step(graph.input, "layers", 0, { filters = stem, kernel = 3, stride = 2 }))
    x = graph:relu(step(x, "layers", 3, { filters = stem, kernel = 3, groups = stem }))
    x = step(x, "layers", 6, { filters = scaled(16) })
    for index, row in ipairs(rows) do
      local filters, kernel, stride, expansion, repeats = table.unpack(row)
      for count = 0, repeats - 1 do
        local name = "layers." .. index + 7 .. "." .. count .. ".layers"
        x = residual(x, name, scaled(filters), kernel, count == 0 and stride or 1, expansion)
      end
    end
    x = graph:relu(step(x, "layers", 14, { filters = 1280 }))
    blocks.head(graph, x, "classifier.1", options.classes)
    return graph
  end,
}
