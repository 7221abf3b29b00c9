-- A depthwise-separable residual network for 28x28 grey images (Fashion-MNIST), about 60 thousand parameters.
--
-- Pixels come as x / 255; the batch norm on the stem learns their statistics. Every activation is a ReLU and every
-- reduction is a convolution, a pool or the last linear layer, so the whole graph lowers to integer arithmetic.
local augq = require "augq"

local graph = augq.graph { 28, 28, 1 }

-- Depthwise 3x3 and pointwise 1x1 convolution, each with batch norm; returns the value before the last ReLU.
local function separable(x, name, channels, filters, stride)
  x = graph:conv2d(x, {
    name = name .. ".dw", filters = channels, kernel = 3, stride = stride, padding = 1, groups = channels, bias = false,
  })
  x = graph:relu(graph:batch_norm(x, { name = name .. ".dw_bn" }), { name = name .. ".dw_relu" })
  x = graph:conv2d(x, { name = name .. ".pw", filters = filters, kernel = 1, bias = false })
  return graph:batch_norm(x, { name = name .. ".pw_bn" })
end

local function down(x, name, channels, filters)
  return graph:relu(separable(x, name, channels, filters, 2), { name = name .. ".relu" })
end

local function residual(x, name, channels)
  local sum = graph:add(x, separable(x, name, channels, channels, 1), { name = name .. ".add" })
  return graph:relu(sum, { name = name .. ".relu" })
end

local x = graph:conv2d(graph.input, { name = "stem", filters = 32, kernel = 3, padding = 1, bias = false })
x = graph:relu(graph:batch_norm(x, { name = "stem_bn" }), { name = "stem_relu" })
x = down(x, "down1", 32, 64)
x = residual(x, "block1", 64)
x = residual(x, "block2", 64)
x = down(x, "down2", 64, 128)
x = residual(x, "block3", 128)
x = residual(x, "block4", 128)
x = graph:flatten(graph:global_average_pool(x, { name = "pool" }), { name = "flatten" })
graph:linear(x, { name = "classifier", features = 10 })

return graph
