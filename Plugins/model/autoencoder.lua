-- MLPerf Tiny's anomaly detection network: an autoencoder of linear layers for 5 frames of 128 log-mel values.
-- Banbury et al. 2021. Names as in its Keras checkpoint.
local augq = require "augq"

local widths = { 128, 128, 128, 128, 8, 128, 128, 128, 128 }

return {
  summary = "MLPerf Tiny's anomaly detection network: an autoencoder of linear layers.",
  api = ">=1.0 <2",
  build = function()
    local graph = augq.graph { 640 }
    local x = graph.input
    for index, features in ipairs(widths) do
      local suffix = index == 1 and "" or "_" .. index - 1
      x = graph:linear(x, { name = "dense" .. suffix, features = features })
      x = graph:relu(graph:batch_norm(x, { name = "batch_normalization" .. suffix, epsilon = 1e-3 }))
    end
    graph:linear(x, { name = "dense_9", features = 640 })
    return graph
  end,
}
