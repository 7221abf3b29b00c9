-- Which observer should find the ranges?
-- An observer decides how much of the values a range keeps: cutting off outliers makes the steps between the levels
-- finer. The default, `mse`, takes the range of least squared error; `lp` is the search of AuGQ's authors (exponent
-- 2.4), `minmax` keeps everything, `percentile` and the plugins cut by rule. The fewer the bits, the more the choice
-- matters, and the winner changes with the width: try `--bits 2` and `--bits 4` too.
local augq = require "augq"

local options = augq.params {
  bits = { 3, "bits of weights and activations", 1, 8 },
  smoke = { false, "use 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local uniform = augq.granularity.uniform

-- An observer plugin is named by a text, or by a list with its options.
local observers = {
  { "minmax", "minmax" },
  { "percentile 99.9", "percentile" },
  { "mse", "mse" },
  { "lp, p = 2.4", "lp" },
  { "deviations", { "deviations", deviations = 3 } },
  { "quantiles", { "quantiles", low = 0.001, high = 0.999 } },
}
local rows = augq.table { { "observer", "text" }, { "top1", "percent" } }
for _, row in ipairs(observers) do
  local q = augq.quantize(model, {
    weights = uniform { bits = options.bits, group = "channel", observer = row[2] },
    activations = uniform { bits = options.bits, observer = row[2] },
    calibration = data.train:sample(64, { seed = 1 }),
  })
  rows:add { observer = row[1], top1 = augq.evaluate(q, test).top1 }
end
rows:print()

-- It printed:
--
-- ```text
-- observer         top1 %
-- ---------------  ------
-- minmax            63.00
-- percentile 99.9   83.50
-- mse               86.10
-- lp, p = 2.4       88.20
-- deviations        84.00
-- quantiles         87.00
-- ```
