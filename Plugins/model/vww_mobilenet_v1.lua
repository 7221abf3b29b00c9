-- MLPerf Tiny's visual wake words network: MobileNetV1 of width 0.25 for 96x96 images x / 255, with ReLU and a linear
-- layer. Banbury et al. 2021. Names as in its Keras checkpoint.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Filters and stride of the pointwise and the depthwise convolution.
local rows = {
  { 16, 1 }, { 32, 2 }, { 32, 1 }, { 64, 2 }, { 64, 1 }, { 128, 2 }, { 128, 1 }, { 128, 1 }, { 128, 1 }, { 128, 1 },
  { 128, 1 }, { 256, 2 }, { 256, 1 },
}

return {
  summary = "MLPerf Tiny's visual wake words network: MobileNetV1 of width 0.25.",
  api = ">=1.0 <2",
  options = {
    classes = { 2, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { 96, 96, 3 }
    local counts = {}

    local function numbered(name)
      local count = counts[name] or 0
      counts[name] = count + 1
      return count == 0 and name or name .. "_" .. count
    end
    local function convolution(x, kind, spec)
      spec.bias, spec.epsilon = true, 1e-3
      spec.padding = blocks.same(spec.kernel or 1, spec.stride or 1)
      return blocks.conv_relu(graph, x, numbered(kind), numbered "batch_normalization", spec)
    end

    local x = convolution(graph.input, "conv2d", { filters = 8, kernel = 3, stride = 2 })
    for _, row in ipairs(rows) do
      local channels = x.shape[3]
      x = convolution(x, "depthwise_conv2d", { filters = channels, kernel = 3, stride = row[2], groups = channels })
      x = convolution(x, "conv2d", { filters = row[1] })
    end
    blocks.head(graph, x, "dense", options.classes)
    return graph
  end,
}
