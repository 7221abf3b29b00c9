-- How do I quantize weights with a codebook such as NF4 or APoT?
-- Give a codebook where a granularity would stand: `weights = augq.codebook.nf4 {}`. A codebook is a list of at most
-- 256 levels per group, and each weight takes the nearest; the levels are side bits, many in small groups. Any codebook
-- compiles to integers, but the file holds 8-bit codes then: weights are put on the 255 codes of their channel, so
-- compare `bytes` too. Levels of your own are `augq.codebook.levels`, fractions of the largest magnitude.
local augq = require "augq"

local options = augq.params { smoke = { false, "use 100 test images, to see that the recipe runs" } }

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local codebook = augq.codebook

local books = {
  { "uniform", augq.granularity.uniform { bits = 4, group = "channel" } },
  { "NF4", codebook.nf4 { group = "channel" } },
  { "APoT", codebook.apot { bits = 4, group = "channel" } },
  { "k-means", codebook.kmeans { bits = 4, group = "channel" } },
  { "powers of two", codebook.power_of_two { bits = 4, group = "channel" } },
  { "own levels", codebook.levels({ -1, -0.6, -0.3, -0.1, 0, 0.1, 0.3, 0.6, 1 }, { group = "channel" }) },
  { "ternary", codebook.ternary { group = "channel" } },
}
local rows = augq.table {
  { "codebook", "text" }, { "float", "percent" }, { "integer", "percent" }, { "stored", "bits" }, { "side", "bits" },
  { "bytes", "bytes" },
}
for _, book in ipairs(books) do
  local q = augq.quantize(model, {
    weights = book[2], activations = augq.granularity.uniform { bits = 8 },
    calibration = data.train:sample(64, { seed = 1 }),
  })
  rows:add {
    codebook = book[1], float = augq.evaluate(q, test).top1, integer = augq.evaluate(q:compile(), test).top1,
    stored = q.bits.stored, side = q.bits.side, bytes = q.byte_count,
  }
end
rows:print()

-- It printed:
--
-- ```text
-- codebook       float %  integer %  stored   side   bytes
-- -------------  -------  ---------  ------  -----  ------
-- uniform          91.60      91.70   4.110  1.231  47,498
-- NF4              92.50      92.30   4.110  9.518  75,258
-- APoT             91.60      91.80   4.110  8.926  75,258
-- k-means          93.00      93.20   4.110  7.635  75,258
-- powers of two    86.70      86.70   4.110  8.946  75,258
-- own levels       89.60      89.90   4.110  5.374  75,258
-- ternary          26.50      26.50   2.165  1.823  75,258
-- ```
