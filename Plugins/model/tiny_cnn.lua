-- Two convolutions and a classifier: small enough to try things on.
local augq = require "augq"

return {
  summary = "Two convolutions, pooling and a classifier, for trying things out.",
  api = ">=1.0 <2",
  options = {
    height = { 28, "height of the images", 4, 512 },
    width = { 28, "width of the images", 4, 512 },
    channels = { 1, "channels of the images", 1, 64 },
    filters = { 16, "filters of the first convolution; the second has twice as many", 1, 256 },
    classes = { 10, "classes", 2, 10000 },
  },
  build = function(options)
    local graph = augq.graph { options.height, options.width, options.channels }
    local x = graph.input
    for stage, filters in ipairs { options.filters, 2 * options.filters } do
      x = graph:conv2d(x, {
        name = "conv" .. stage, filters = filters, kernel = 3, stride = stage, padding = 1, bias = false,
      })
      x = graph:relu(graph:batch_norm(x, { name = "norm" .. stage }))
    end
    x = graph:flatten(graph:global_average_pool(x))
    graph.output = graph:linear(x, { name = "head", features = options.classes })
    return graph
  end,
}
