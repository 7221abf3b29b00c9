-- MLPerf Tiny's keyword spotting network: depthwise separable convolutions on 49x10 features. Zhang et al. 2017;
-- Banbury et al. 2021. Names as in the shared checkpoint.
local augq = require "augq"
local blocks = require "lib.blocks"

return {
  summary = "MLPerf Tiny's keyword spotting network: depthwise separable convolutions.",
  api = ">=1.0 <2",
  options = {
    classes = { 12, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { 49, 10, 1 }

    local function convolution(x, name, norm, kernel, groups)
      local spec = { filters = 64, kernel = kernel, groups = groups, bias = true, epsilon = 1e-3 }
      return blocks.conv_relu(graph, x, name, norm, spec)
    end

    local x = graph:conv2d(graph.input, {
      name = "conv2d", filters = 64, kernel = { 10, 4 }, stride = 2, padding = { 4, 1, 5, 1 },
    })
    x = graph:relu(graph:batch_norm(x, { name = "bn0", epsilon = 1e-3 }))
    for index = 1, 4 do
      x = convolution(x, "dw" .. index, "dw" .. index .. "_bn", 3, 64)
      x = convolution(x, "pw" .. index, "pw" .. index .. "_bn", 1, 1)
    end
    -- 25x5 positions, of which the network averages the first 24 rows.
    x = graph:average_pool(x, { kernel = { 24, 5 }, stride = { 24, 5 } })
    graph:linear(graph:flatten(x), { name = "dense", features = options.classes })
    return graph
  end,
}
