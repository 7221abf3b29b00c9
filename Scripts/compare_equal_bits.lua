-- Quantizers beside each other at equal stored bits, every method, several seeds: mean and spread of top-1.
--
--     augq run Scripts/compare_equal_bits.lua [--network resnet20] [--methods nearest,qdrop] [--also pwlq]
--         [--seeds 3] [--json]
local augq = require "augq"
local pretrained = require "lib.pretrained"

local options = pretrained.options {
  seed = false,
  methods = { "nearest,closed,adaround,brecq,qdrop", "methods, separated by commas" },
  groups = { "tensor,channel", "groups of the weights, separated by commas" },
  seeds = { 3, "runs of each row, with the seeds 1, 2, …", 1, 100 },
  also = { "", "more granularities (plugins), separated by commas, each with its own defaults" },
  quantizers = { "", "names of the rows to run, separated by commas; all when empty" },
}
if not pretrained.present(options) then return end

local words = pretrained.words

-- Weights and activations at about 4, then at about 2 stored bits.
local augq_2bit = { bits = 2, intervals = 4 }
local published = { bits = 2, intervals = 4, mode = "published" }
local quantizers = {
  { "augq_2bit", "augq", augq_2bit, augq_2bit },
  { "augq_2bit_published", "augq", published, published },
  { "uniform_4bit", "uniform", { bits = 4 }, { bits = 4 } },
  { "block_4bit", "block_interval", { bits = 4, intervals = 4, block = 8 }, { bits = 4 }, "uniform" },
  { "uniform_w2a4", "uniform", { bits = 2 }, { bits = 4 } },
  { "uniform_2bit", "uniform", { bits = 2 }, { bits = 2 } },
}
for _, name in ipairs(words(options.also)) do quantizers[#quantizers + 1] = { name, name, {}, {} } end
local known, wanted = {}, {}
for _, quantizer in ipairs(quantizers) do known[quantizer[1]] = true end
for _, name in ipairs(words(options.quantizers, known, "quantizer")) do wanted[name] = true end

local data = pretrained.load(options)
local rows = augq.table {
  { "quantizer", "text" }, { "group", "text" }, { "method", "text" }, { "top1", "percent" }, { "spread", "number" },
  { "stored_bits", "bits" }, { "entropy_bits", "bits" }, { "unquantized", "percent" }, { "seconds", "number" },
}
rows:note(string.format("FP32 %.2f %%, %d calibration images, %d seeds, spread is the standard deviation",
  augq.evaluate(data.model, data.test).top1, options.samples, options.smoke and 1 or options.seeds))

local function with_group(spec, group)
  local copy = { group = group }
  for key, value in pairs(spec) do copy[key] = value end
  return copy
end

for _, quantizer in ipairs(quantizers) do
  local name, granularity, weights, activations, others = table.unpack(quantizer, 1, 5)
  local is_wanted = next(wanted) == nil or wanted[name]
  for _, group in ipairs(is_wanted and (options.smoke and { "channel" } or words(options.groups)) or {}) do
    for _, method in ipairs(options.smoke and { "nearest", "qdrop" } or words(options.methods)) do
      local row = pretrained.seeded(data, {
        granularity = granularity, activation_granularity = others, weights = with_group(weights, group),
        activations = activations, method = method,
      }, options)
      rows:add {
        quantizer = name, group = group, method = method, top1 = row.top1, spread = row.spread,
        stored_bits = row.stored_bits, entropy_bits = row.entropy_bits, unquantized = row.unquantized,
        seconds = row.seconds,
      }
    end
  end
end
rows:print { json = options.json }
