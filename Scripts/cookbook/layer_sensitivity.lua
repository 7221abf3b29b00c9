-- Which layer costs the most accuracy?
-- Quantize one layer at a time and leave the others in FP32: the top-1 that is lost is that layer's. In
-- `augq.quantize`, `layers` gives single weights their grid; 8 bits per channel for the others are as good as FP32. The
-- squared error of the logits is a finer measure than top-1, which moves in steps of an image.
local augq = require "augq"

local options = augq.params {
  bits = { 2, "bits of the layer under test", 1, 8 },
  smoke = { false, "use 50 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 50 or 500, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local wide = augq.granularity.uniform { bits = 8, group = "channel" }
local narrow = augq.granularity.uniform { bits = options.bits, group = "channel" }

local x = test:images()
local exact = model:forward(x)
local results = {}
for index, layer in ipairs(augq.quantize(model, { weights = wide }):layers()) do
  local q = augq.quantize(model, { weights = wide, layers = { [layer.key] = narrow } })
  local error = exact - q:forward(x)
  results[index] = { layer = layer.key, weights = layer.count, network = q, error = (error * error):mean() }
end
table.sort(results, function(a, b) return a.error > b.error end)

local rows = augq.table { { "layer", "text" }, { "weights", "integer" }, { "top1", "percent" }, { "error", "number" } }
for index = 1, 5 do
  local row = results[index]
  row.top1, row.network = augq.evaluate(row.network, test).top1, nil
  rows:add(row)
end
rows:note(("the 5 worst of %d layers, each alone at %d bits"):format(#results, options.bits))
rows:print()

-- It printed:
--
-- ```text
-- layer             weights  top1 %  error
-- ----------------  -------  ------  -----
-- down2.pw.weight     8,192   88.80   3.55
-- stem.weight           288   85.60   2.22
-- down1.pw.weight     2,048   89.60   1.24
-- block1.dw.weight      576   92.00   1.11
-- block2.pw.weight    4,096   91.00   1.09
-- the 5 worst of 14 layers, each alone at 2 bits
-- ```
