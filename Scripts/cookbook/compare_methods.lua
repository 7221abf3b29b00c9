-- Which fine-tuning method should I use?
-- Run them side by side on your network, at your bits, from the same images and with the same number of steps per unit.
-- `closed` is `augq.round`, which needs no steps; the others are plugins of kind reconstruction. The order changes with
-- the number of steps (try `--iterations 500`, the methods' default), and differences of a point are within the spread
-- of seeds: repeat what matters with other seeds.
local augq = require "augq"

local options = augq.params {
  weights = { 2, "bits of the weights", 1, 8 },
  activations = { 4, "bits of the activations", 1, 8 },
  methods = { "closed,adaround,adaquant,brecq,qdrop", "methods, separated by commas" },
  iterations = { 20, "steps per unit", 1, 1000000 },
  seed = { 1, "seed of the images, batches and draws" },
  smoke = { false, "2 steps per unit and 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local images = data.train:sample(64, { seed = options.seed })
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = augq.granularity.uniform { bits = options.weights, group = "channel" },
  activations = augq.granularity.uniform { bits = options.activations }, calibration = images,
})

local rows = augq.table { { "method", "text" }, { "top1", "percent" } }
rows:add { method = "nearest rounding", top1 = augq.evaluate(q, test).top1 }
for method in options.methods:gmatch "[^,]+" do
  local tuned
  if method == "closed" then
    tuned = augq.round(q, { calibration = images })
  else
    tuned = augq.reconstruct(q, {
      method = method, calibration = images, seed = options.seed,
      iterations = options.smoke and 2 or options.iterations,
    })
  end
  rows:add { method = method, top1 = augq.evaluate(tuned, test).top1 }
end
rows:print()

-- It printed:
--
-- ```text
-- method            top1 %
-- ----------------  ------
-- nearest rounding   56.70
-- closed             91.10
-- adaround           75.90
-- adaquant           77.80
-- brecq              77.20
-- qdrop              78.70
-- ```
