-- FP32 to integer-only inference in one recipe: quantizes a bundled network with AuGQ from 64 images, runs it on all
-- 10,000 Fashion-MNIST test images in integers only, and prints what it costs in accuracy and in stored bits.
--
--     augq run Scripts/quickstart.lua [--json] [--smoke]
local augq = require "augq"

local options = augq.params {
  json = { false, "print one JSON object a line instead of the table" },
  smoke = { false, "use 256 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = options.smoke and data.test:sample(256, { seed = 1 }) or data.test
local model = augq.load "models/fashion_cnn"
local calibration = data.train:sample(64, { seed = 1005 })
local grid = augq.granularity

local schemes = {
  { "uniform 2-bit", grid.uniform, { bits = 2 } },
  { "AuGQ 2-bit, K=4", grid.augq, { bits = 2, intervals = 4 } },
  { "uniform at AuGQ's 4 stored bits", grid.uniform, { bits = 4 } },
  { "AuGQ 4-bit, K=4", grid.augq, { bits = 4, intervals = 4 } },
  { "AuGQ 2-bit, K=4, published", grid.augq, { bits = 2, intervals = 4, mode = "published" } },
}

local rows = augq.table {
  { "network", "text" }, { "inference", "text" }, { "top1", "percent" }, { "nominal", "bits" }, { "stored", "bits" },
  { "entropy", "bits" }, { "side", "bits" }, { "unquantized", "percent" }, { "model_bytes", "bytes" },
  { "images_per_second", "integer" },
}

local function with(spec, extra)
  local copy = {}
  for key, value in pairs(spec) do copy[key] = value end
  for key, value in pairs(extra) do copy[key] = value end
  return copy
end

local fp32 = augq.evaluate(model, test)
rows:add {
  network = "FP32", inference = "float", top1 = fp32.top1, nominal = 32, stored = 32, entropy = 32, side = 0,
  unquantized = 100, model_bytes = model.byte_count, images_per_second = fp32.images_per_second,
}

for _, scheme in ipairs(schemes) do
  local name, granularity, spec = table.unpack(scheme)
  local q = augq.quantize(model, {
    weights = granularity(with(spec, { group = "channel" })),
    activations = granularity(spec),
    calibration = calibration,
  })
  local compiled, engine = pcall(q.compile, q)
  local result = augq.evaluate(compiled and engine or q, test)
  local bits = q.bits
  rows:add {
    network = name, inference = compiled and "integer" or "float (fake-quantized)", top1 = result.top1,
    nominal = bits.nominal, stored = bits.stored, entropy = bits.entropy, side = bits.side,
    unquantized = bits.unquantized, model_bytes = q.byte_count, images_per_second = result.images_per_second,
  }
  if not compiled then rows:note(name .. ": " .. tostring(engine):gsub("^.-:%d+: ", "")) end
end

rows:print { json = options.json }
