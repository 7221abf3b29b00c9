-- MLPerf Tiny's image classification network: a ResNet with 8 convolutions for 32x32 images of bytes 0 ... 255.
-- Banbury et al. 2021. Names as in its Keras checkpoint.
local augq = require "augq"
local blocks = require "lib.blocks"

return {
  summary = "MLPerf Tiny's image classification network: a ResNet with 8 convolutions.",
  api = ">=1.0 <2",
  options = {
    classes = { 10, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { 32, 32, 3 }
    local convolutions, norms = 0, 0

    local function convolution(x, filters, kernel, stride)
      local name = convolutions == 0 and "conv2d" or "conv2d_" .. convolutions
      convolutions = convolutions + 1
      local padding = kernel > 1 and blocks.same(kernel, stride) or 0
      return graph:conv2d(x, { name = name, filters = filters, kernel = kernel, stride = stride, padding = padding })
    end
    local function norm(x)
      local name = norms == 0 and "batch_normalization" or "batch_normalization_" .. norms
      norms = norms + 1
      return graph:batch_norm(x, { name = name, epsilon = 1e-3 })
    end

    local x = graph:relu(norm(convolution(graph.input, 16, 3, 1)))
    for stage, filters in ipairs { 16, 32, 64 } do
      local stride = stage == 1 and 1 or 2
      local y = graph:relu(norm(convolution(x, filters, 3, stride)))
      y = norm(convolution(y, filters, 3, 1))
      local shortcut = stage == 1 and x or convolution(x, filters, 1, 2)
      x = graph:relu(graph:add(shortcut, y))
    end
    blocks.head(graph, x, "dense", options.classes)
    return graph
  end,
}
