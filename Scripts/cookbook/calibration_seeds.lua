-- How much does my result depend on the calibration images?
-- Repeat the run with other images and report mean and standard deviation. Everything random in `augq` takes a seed,
-- and the same seed gives the same bytes for any number of threads, so the spread you see is that of the images.
-- Differences between methods that are smaller than the spread are not differences.
local augq = require "augq"

local options = augq.params {
  seeds = { 5, "runs, with the seeds 1, 2, …", 2, 100 },
  smoke = { false, "2 runs and 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 500, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local seeds = options.smoke and 2 or options.seeds

local rows = augq.table { { "images", "integer" }, { "mean", "percent" }, { "deviation", "number" } }
for _, count in ipairs { 4, 64 } do
  local sum, squares = 0, 0
  for seed = 1, seeds do
    local q = augq.quantize(model, {
      weights = augq.granularity.uniform { bits = 4, group = "channel" },
      activations = augq.granularity.uniform { bits = 3 },
      calibration = data.train:sample(count, { seed = seed }),
    })
    local top1 = augq.evaluate(q, test).top1
    sum, squares = sum + top1, squares + top1 ^ 2
  end
  local mean = sum / seeds
  rows:add { images = count, mean = mean, deviation = math.sqrt((squares - seeds * mean ^ 2) / (seeds - 1)) }
end
rows:print()

-- It printed:
--
-- ```text
-- images  mean %  deviation
-- ------  ------  ---------
--      4   89.00       1.39
--     64   90.20       1.01
-- ```
