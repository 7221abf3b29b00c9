-- How do I compare AuGQ with a uniform quantizer fairly?
-- At equal *stored* bits. AuGQ with 2 bits and K = 4 intervals also stores which interval a value lies in; its 13
-- levels are packed into 4 bits, so its rival is the uniform grid of 4 bits and not that of 2. `q.bits` tells:
-- `nominal` is the b of the recipe, `stored` what the file spends, `entropy` what an ideal coder would need.
local augq = require "augq"

local options = augq.params { smoke = { false, "use 100 test images, to see that the recipe runs" } }

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local grid = augq.granularity

local rivals = {
  { "uniform, 2 bits", grid.uniform, { bits = 2 } },
  { "AuGQ, 2 bits, K = 4", grid.augq, { bits = 2, intervals = 4 } },
  { "uniform, 4 bits", grid.uniform, { bits = 4 } },
}
local rows = augq.table {
  { "grid", "text" }, { "top1", "percent" }, { "nominal", "bits" }, { "stored", "bits" }, { "entropy", "bits" },
}
for _, rival in ipairs(rivals) do
  local name, make, spec = table.unpack(rival)
  local q = augq.quantize(model, {
    weights = make { bits = spec.bits, intervals = spec.intervals, group = "channel" },
    activations = make(spec),
    calibration = data.train:sample(64, { seed = 1005 }),
  })
  local bits = q.bits
  rows:add {
    grid = name, top1 = augq.evaluate(q, test).top1, nominal = bits.nominal, stored = bits.stored,
    entropy = bits.entropy,
  }
end
rows:print()

-- It printed:
--
-- ```text
-- grid                 top1 %  nominal  stored  entropy
-- -------------------  ------  -------  ------  -------
-- uniform, 2 bits       41.30    2.165   2.165    2.035
-- AuGQ, 2 bits, K = 4   91.60    2.165   4.110    3.501
-- uniform, 4 bits       91.80    4.110   4.110    3.777
-- ```
