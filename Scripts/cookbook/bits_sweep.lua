-- How many bits does my network stand?
-- Quantize it at every width and look where top-1 falls. Weights alone decide the size of the file, so sweep them first
-- and leave the activations at 8 bits; then sweep `--activations` at the width you chose. `augq.params` declares the
-- ends of the sweep once: they become options of the command line, are checked, and stand in `--help`.
local augq = require "augq"

local options = augq.params {
  low = { 2, "narrowest weights, in bits", 1, 8 },
  high = { 8, "widest weights, in bits", 1, 8 },
  activations = { 8, "bits of the activations", 1, 8 },
  smoke = { false, "use 100 test images, to see that the recipe runs" },
}

-- One range per channel, because the depthwise layers of this network have channels of very different size.
local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local uniform = augq.granularity.uniform

local rows = augq.table { { "weights", "integer" }, { "top1", "percent" }, { "stored", "bits" }, { "bytes", "bytes" } }
rows:add { weights = 32, top1 = augq.evaluate(model, test).top1, stored = 32, bytes = model.byte_count }
for bits = options.high, options.low, -1 do
  local q = augq.quantize(model, {
    weights = uniform { bits = bits, group = "channel" },
    activations = uniform { bits = options.activations },
    calibration = data.train:sample(64, { seed = 1 }),
  })
  rows:add { weights = bits, top1 = augq.evaluate(q, test).top1, stored = q.bits.stored, bytes = q.byte_count }
end
rows:print()

-- It printed:
--
-- ```text
-- weights  top1 %  stored    bytes
-- -------  ------  ------  -------
--      32   92.80  32.000  232,744
--       8   92.80   8.000   75,258
--       7   92.50   8.000   75,258
--       6   92.60   6.055   61,378
--       5   92.60   5.082   54,442
--       4   91.60   4.110   47,498
--       3   89.90   3.137   40,562
--       2   58.70   2.165   33,618
-- ```
