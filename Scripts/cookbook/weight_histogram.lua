-- How do I look at a layer's weights and at what a grid does to them?
-- `augq.figure.weights` draws the weights of a channel with the edges and levels of their grid: `figure:text()` for a
-- terminal, `figure:save "x.svg"` for a file, `figure:keep()` for `augq report`. Batch norms are folded before anything
-- is measured by hand, since the folded weights are the ones that are quantized; the signal-to-quantization-noise ratio
-- (SQNR) in decibels compares layers: about 6 dB per bit.
local augq = require "augq"

local model = augq.load("../models/fashion_cnn"):fold_batch_norm()
local q = augq.quantize(model, { weights = augq.granularity.augq { bits = 2, intervals = 4, group = "channel" } })
print(augq.figure.weights(q, "block1.pw.weight", { group = 3, bins = 38 }):text(78))

local function sqnr(x, y)
  local noise = x - y
  return 10 * math.log((x * x):sum() / (noise * noise):sum(), 10)
end
local rows = augq.table {
  { "layer", "text" }, { "weights", "integer" }, { "tensor dB", "number" }, { "channel dB", "number" },
}
for _, node in ipairs(model.graph:nodes()) do
  if node.weighted then
    local x = model:parameter(node.name .. ".weight")
    local row = { layer = node.name, weights = x.count }
    for _, group in ipairs { "tensor", "channel" } do
      local grid = augq.granularity.uniform { bits = 4, group = group }
      row[group .. " dB"] = sqnr(x, (augq.fake_quantize(x, grid)))
    end
    rows:add(row)
  end
end
rows:print()

-- It printed:
--
-- ```text
-- block1.pw.weight, group 3 of 64
--                             █
--                             █                   ▅
--                             █               ▁   █
--                             █               █   █
--                      ▆      █         ▆   ▆ █   █
--         ▂            █  ▂ ▂ █     ▂   █   █ █   █
--         █            █  █ █ █     █   █   █ █   █
--         █            █  █ █ █ ▇   █ ▇ █   █ █   █ ▇         ▇
--   ▃  ▃  █ ▃   ▃▃  ▃ ▃█  █ █ █ █ ▃ █ █ █ ▃ █ █   █ █   ▃     █     ▃   ▃   ▃ ▃
--   █  █  █ █   ██  █ ██  █ █ █ █ █ █ █ █ █ █ █   █ █   █     █     █   █   █ █
--     |                |                |                |                |
--     ^     ^    ^     ^     ^    ^     ^     ^    ^     ^     ^    ^     ^
--  -0.3389                                                               0.3486
--  weight, 64 values, 13 levels, 5 edges, | edges, ^ levels
--
-- layer       weights  tensor dB  channel dB
-- ----------  -------  ---------  ----------
-- stem            288      15.52       23.90
-- down1.dw        288      17.26       27.01
-- down1.pw      2,048      15.89       21.53
-- block1.dw       576      16.21       25.17
-- block1.pw     4,096      17.85       20.72
-- block2.dw       576      18.70       25.15
-- block2.pw     4,096      18.21       20.82
-- down2.dw        576      21.39       27.03
-- down2.pw      8,192      17.37       20.37
-- block3.dw     1,152      16.85       25.13
-- block3.pw    16,384      18.34       19.98
-- block4.dw     1,152      20.87       26.17
-- block4.pw    16,384      17.74       19.69
-- classifier    1,280      19.74       20.42
-- ```
