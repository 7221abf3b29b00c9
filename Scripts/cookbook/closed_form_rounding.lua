-- How do I get better low-bit weights without training?
-- `augq.round` puts weights on their grids so that each *layer's output* changes least: GPTQ's closed form, column by
-- column, on any grid. It needs a few images and a second or two. `augq.correct_bias` then restores the mean output of
-- every channel; as `augq.round` has replaced the weights, tell it the FP32 network with `reference`.
local augq = require "augq"

local options = augq.params {
  bits = { 2, "bits of the weights", 1, 8 },
  smoke = { false, "use 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local images = data.train:sample(64, { seed = 1 })
local model = augq.load "../models/fashion_cnn"

local nearest = augq.quantize(model, { weights = augq.granularity.uniform { bits = options.bits, group = "channel" } })
local biased = augq.correct_bias(nearest, { calibration = images })
local closed = augq.round(nearest, { calibration = images })
local both = augq.correct_bias(closed, { calibration = images, reference = model })

local rows = augq.table { { "weights", "text" }, { "top1", "percent" }, { "stored", "bits" } }
local networks = {
  { "nearest", nearest }, { "bias corrected", biased }, { "closed form", closed }, { "both", both },
}
for _, network in ipairs(networks) do
  rows:add { weights = network[1], top1 = augq.evaluate(network[2], test).top1, stored = network[2].bits.stored }
end
rows:print()

-- It printed:
--
-- ```text
-- weights         top1 %  stored
-- --------------  ------  ------
-- nearest          58.70   2.165
-- bias corrected   59.20   2.165
-- closed form      91.70   2.165
-- both             92.00   2.165
-- ```
