-- How do I keep some layers at 8 bits?
-- Name them in the option `layers` of `augq.quantize`: its keys are those of the weights, such as `block1.dw.weight`,
-- its values are granularities or codebooks. `q:layers()` lists the keys and what each layer costs. The first and the
-- last layer have 256 levels anyway, unless you say `first_last = "same"`.
local augq = require "augq"

local data = augq.data.fashion_mnist()
local test = data.test:sample(1000, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local narrow = augq.granularity.uniform { bits = 3, group = "channel" }
local wide = augq.granularity.uniform { bits = 8, group = "channel" }

-- Depthwise kernels are few and sensitive: nine weights per channel.
local plain = augq.quantize(model, { weights = narrow })
local layers = {}
for _, layer in ipairs(plain:layers()) do
  if layer.key:match "%.dw%.weight$" then layers[layer.key] = wide end
end
local mixed = augq.quantize(model, { weights = narrow, layers = layers })

local rows = augq.table { { "depthwise layers", "text" }, { "top1", "percent" }, { "stored", "bits" } }
rows:add { ["depthwise layers"] = "3 bits", top1 = augq.evaluate(plain, test).top1, stored = plain.bits.stored }
rows:add { ["depthwise layers"] = "8 bits", top1 = augq.evaluate(mixed, test).top1, stored = mixed.bits.stored }
rows:print()

-- It printed:
--
-- ```text
-- depthwise layers  top1 %  stored
-- ----------------  ------  ------
-- 3 bits             89.90   3.137
-- 8 bits             91.50   3.516
-- ```
