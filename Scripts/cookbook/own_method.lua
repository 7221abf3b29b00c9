-- How do I try a fine-tuning method of my own?
-- A method is data: `units` says what is fine-tuned together, `stages` what happens to rounding, ranges and inputs.
-- Give the table in the place of a method's name. Units are a name, a list, or a function of the graph. When it works,
-- save the table as `Plugins/reconstruction/NAME.lua` and it is a method like `qdrop`.
local augq = require "augq"

local options = augq.params {
  iterations = { 20, "steps per unit", 1, 1000000 },
  smoke = { false, "2 steps per unit and 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local images = data.train:sample(64, { seed = 1 })
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = augq.granularity.uniform { bits = 2, group = "channel" },
  activations = augq.granularity.uniform { bits = 4 }, calibration = images,
})

-- First the rounding of each block with FP32 activations, then the ranges of its activations.
local method = {
  units = "block",
  stages = {
    { rounding = "adaround", ranges = "fixed", input = "quantized", activations = "full_precision" },
    { rounding = "nearest", ranges = "learned", input = "quantized", quantized_share = 1 },
  },
}
local tuned, report = augq.reconstruct(q, {
  method = method, calibration = images, iterations = options.smoke and 2 or options.iterations,
})

local rows = augq.table { { "unit", "text" }, { "stage", "integer" }, { "before", "number" }, { "after", "number" } }
for _, unit in ipairs(report.units) do
  if unit.name:match "^down" then
    rows:add { unit = unit.name, stage = unit.stage, before = unit.before, after = unit.after }
  end
end
rows:note(("top-1 %.1f %%, nearest rounding %.1f %%"):format(
  augq.evaluate(tuned, test).top1, augq.evaluate(q, test).top1))
rows:print()

-- It printed:
--
-- ```text
-- unit      stage  before  after
-- --------  -----  ------  -----
-- down1.dw      1    2.81   2.77
-- down1.pw      1    4.50   4.02
-- down2.dw      1   11.93  11.79
-- down2.pw      1   13.18  11.50
-- down1.dw      2    3.02   3.00
-- down1.pw      2    4.36   4.35
-- down2.dw      2   13.02  13.02
-- down2.pw      2   12.35  12.35
-- top-1 77.5 %, nearest rounding 56.7 %
-- ```
