-- The 64-sample claim as a curve: top-1 over the number of calibration images, AuGQ beside uniform quantizers in the
-- same pipeline.
--
--     augq run Scripts/sample_curve.lua [--network resnet20] [--counts 16,32,64] [--method qdrop] [--seeds 1] [--json]
local augq = require "augq"
local pretrained = require "lib.pretrained"

local options = pretrained.options {
  samples = false, seed = false,
  counts = { "16,32,64,128,256,512,1024", "numbers of calibration images, separated by commas" },
  method = { "qdrop", "method of fine-tuning" },
  seeds = { 1, "runs of each point, with the seeds 1, 2, …", 1, 100 },
}
if not pretrained.present(options) then return end

local quantizers = {
  { "augq_2bit", "augq", { bits = 2, intervals = 4 } },
  { "uniform_4bit", "uniform", { bits = 4 } },
  { "uniform_2bit", "uniform", { bits = 2 } },
}

local counts = pretrained.words(options.smoke and "16" or options.counts)
for place, count in ipairs(counts) do
  counts[place] = math.tointeger(tonumber(count))
  if not counts[place] or counts[place] < 1 then
    error("the number of images '" .. count .. "' in --counts is no whole number of at least 1.", 0)
  end
end

local data = pretrained.load(options)
local rows = augq.table {
  { "quantizer", "text" }, { "samples", "integer" }, { "top1", "percent" }, { "spread", "number" },
  { "stored_bits", "bits" }, { "seconds", "number" }, { "peak_bytes", "bytes" },
}
for _, quantizer in ipairs(quantizers) do
  local name, granularity, spec = table.unpack(quantizer)
  for _, samples in ipairs(counts) do
    local row = pretrained.seeded(data, {
      granularity = granularity, weights = { bits = spec.bits, intervals = spec.intervals, group = "channel" },
      activations = spec, method = options.method, samples = samples,
    }, options)
    rows:add {
      quantizer = name, samples = samples, top1 = row.top1, spread = row.spread, stored_bits = row.stored_bits,
      seconds = row.seconds, peak_bytes = row.peak_bytes,
    }
  end
end
rows:print { json = options.json }
