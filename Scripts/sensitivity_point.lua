-- How much one layer of a pretrained network costs at one width: its weights on a grid of so many bits, or its output,
-- all others on 8 bits. Logs the signal-to-noise ratio of the scores, their divergence from those of FP32, and what
-- loss and top-1 become. The sweep sensitivity.lua walks all layers and widths.
local augq = require "augq"
local pretrained = require "lib.pretrained"

local options = pretrained.options {
  layer = { "layer2.0.conv1", "the layer" },
  part = { "weights", "what is put on the grid", { "weights", "output" } },
  bits = { 2, "bits of the layer", 1, 8 },
  granularity = { "uniform", "any granularity" },
  group = { "channel", "weights that share a range", { "tensor", "channel" } },
  images = { 512, "images of the calibration pool on which it is measured", 1, 50000 },
}
if not pretrained.present(options) then return end

local data = pretrained.load(options)
local images = data.pool:sample(options.smoke and 32 or options.images, { seed = options.seed })
local narrow = { bits = options.bits }
local spec = { weights = augq.granularity.uniform { bits = 8, group = "channel" } }
if options.part == "weights" then
  narrow.group = options.group
  spec.layers = { [options.layer .. ".weight"] = augq.granularity[options.granularity](narrow) }
else
  spec.activations = augq.granularity.uniform { bits = 8 }
  spec.calibration = data.pool:sample(options.samples, { seed = options.seed })
  local node = pretrained.output_of(data.model:fold_batch_norm(), options.layer)
  spec.nodes = { [node] = augq.granularity[options.granularity](narrow) }
end
local q = augq.quantize(data.model, spec)
local found = augq.compare(q, data.model, images)
local rows = augq.table {
  { "layer", "text" }, { "bits", "integer" }, { "sqnr", "number" }, { "kl", "number" }, { "loss_increase", "number" },
  { "top1", "percent" }, { "top1_drop", "number" },
}
rows:add {
  layer = options.layer, bits = options.bits, sqnr = found.sqnr, kl = found.kl, loss_increase = found.loss_increase,
  top1 = found.top1, top1_drop = found.top1_drop,
}
rows:print { json = options.json }
if not options.smoke then
  found.sqnr = math.min(found.sqnr, 200)
  for metric, value in pairs(found) do augq.log(metric, value) end
  for _, layer in ipairs(q:layers()) do
    if layer.key == options.layer .. ".weight" then augq.log("weights", layer.count) end
  end
end
