-- What better weights without training are worth: nearest rounding, equalized ranges, closed-form rounding, bit-split
-- and bias correction side by side on the bundled network, from 64 images.
--
--     augq run Scripts/rounding_fashion.lua [--json] [--smoke]
local augq = require "augq"

local options = augq.params {
  json = { false, "print one JSON object a line instead of the table" },
  smoke = { false, "use 256 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = options.smoke and data.test:sample(256, { seed = 1 }) or data.test
local model = augq.load "models/fashion_cnn"
local equalized = augq.transform.equalize(model)
local calibration = data.train:sample(64, { seed = 1005 })
local uniform = augq.granularity.uniform

local schemes = {
  { "4 bits per tensor", { weights = uniform { bits = 4 }, first_last = "same" } },
  { "3 bits per channel", { weights = uniform { bits = 3, group = "channel" } } },
  { "2 bits per channel", { weights = uniform { bits = 2, group = "channel" } } },
}

-- Each way makes a quantized network of a scheme; nil where it does not apply.
local ways = {
  { "nearest", function(scheme) return augq.quantize(model, scheme) end },
  { "bias corrected", function(scheme)
    return augq.correct_bias(augq.quantize(model, scheme), { calibration = calibration })
  end },
  { "equalized", function(scheme) return augq.quantize(equalized, scheme) end },
  { "closed form", function(scheme)
    return augq.round(augq.quantize(model, scheme), { calibration = calibration })
  end },
  { "equalized, closed form", function(scheme)
    return augq.round(augq.quantize(equalized, scheme), { calibration = calibration })
  end },
  { "bit-split", function(scheme)
    if scheme.first_last == "same" then return nil end
    return augq.round(augq.quantize(model, scheme), { method = "bit_split", calibration = calibration })
  end },
}

local rows = augq.table { { "weights", "text" }, { "rounding", "text" }, { "top1", "percent" }, { "stored", "bits" } }
rows:add { weights = "FP32", rounding = "-", top1 = augq.evaluate(model, test).top1, stored = 32 }
for _, scheme in ipairs(schemes) do
  for _, way in ipairs(ways) do
    local q = way[2](scheme[2])
    if q then
      rows:add { weights = scheme[1], rounding = way[1], top1 = augq.evaluate(q, test).top1, stored = q.bits.stored }
    end
  end
end
rows:print { json = options.json }
