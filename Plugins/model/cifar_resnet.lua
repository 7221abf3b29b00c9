-- The CIFAR ResNets with 6 n + 2 weighted layers and parameter-free shortcuts (option A): every second row and column,
-- and zeros for the new channels. He et al. 2016, section 4.2. Names as in akamaster/pytorch_resnet_cifar10.
local augq = require "augq"
local blocks = require "lib.blocks"

return {
  summary = "The CIFAR ResNets with parameter-free shortcuts: 20, 32, 44, 56, 110 layers.",
  api = ">=1.0 <2",
  options = {
    depth = { 20, "layers with weights: 6 n + 2", 8, 1202 },
    classes = { 10, "classes", 1, 100000 },
  },
  build = function(options)
    local repeats = (options.depth - 2) // 6
    if options.depth ~= 6 * repeats + 2 or repeats < 1 then
      error("option 'depth' is " .. options.depth .. "; expected 6 n + 2, such as 20, 32, 44, 56, 110.", 0)
    end
    local graph = augq.graph { 32, 32, 3 }

    local function block(x, name, from, to)
      local stride = from == to and 1 or 2
      local shortcut = x
      if stride == 2 then
        shortcut = graph:average_pool(x, { kernel = 1, stride = 2 })
        shortcut = graph:pad(shortcut, { channels = { (to - from) // 2, (to - from) // 2 } })
      end
      x = blocks.conv_relu(graph, x, name .. ".conv1", name .. ".bn1", { filters = to, kernel = 3, stride = stride })
      x = blocks.conv_norm(graph, x, name .. ".conv2", name .. ".bn2", { filters = to, kernel = 3 })
      return graph:relu(graph:add(x, shortcut))
    end

    local x = blocks.conv_relu(graph, graph.input, "conv1", "bn1", { filters = 16, kernel = 3 })
    local channels = 16
    for stage, filters in ipairs { 16, 32, 64 } do
      for index = 0, repeats - 1 do
        x = block(x, "layer" .. stage .. "." .. index, channels, filters)
        channels = filters
      end
    end
    blocks.head(graph, x, "linear", options.classes)
    return graph
  end,
}
