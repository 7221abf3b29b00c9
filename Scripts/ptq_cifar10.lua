-- Post-training quantization of a pretrained CIFAR-10 network: one granularity, one width, one method.
--
--     augq run Scripts/ptq_cifar10.lua --network resnet20 --granularity augq --group channel --wbits 2 --abits 2
--         --method qdrop [--weights FILE] [--data DIR] [--samples 64] [--iterations N] [--seed 1]
--         [--published] [--figures LAYER] [--json]
local augq = require "augq"
local pretrained = require "lib.pretrained"

local options = pretrained.options {
  granularity = { "augq", "augq, uniform, pwlq or block_interval; activations of the last two are uniform" },
  intervals = { 4, "intervals of augq and block_interval", 1, 16 },
  group = { "channel", "weights that share a range: tensor, channel or block" },
  block = { 64, "weights of a block", 1, 4096 },
  wbits = { 2, "bits of weights inside an interval", 1, 8 },
  abits = { 2, "bits of activations inside an interval", 1, 8 },
  method = { "qdrop", "nearest, closed, bit_split, adaround, brecq, qdrop, adaquant or a plugin of yours" },
  folder = { "", "where finished units are kept, so that a run that was killed goes on" },
  published = { false, "mode published, as the authors' code: values at and beyond the edges stay FP32" },
  units = { false, "print the output error of every unit too" },
  fp32 = { true, "score the FP32 network too" },
  figures = { "", "layer whose histograms and ranges are kept with the run, such as layer2.0.conv1" },
}
if not pretrained.present(options) then return end

local data = pretrained.load(options)
local of_weights = { pwlq = true, block_interval = true }
local function grid(bits, group)
  local spec = { bits = bits, group = group }
  if options.granularity ~= "uniform" and options.granularity ~= "pwlq" then spec.intervals = options.intervals end
  if options.published then spec.mode = "published" end
  return spec
end
local only_weights = of_weights[options.granularity]
local result = pretrained.row(data, {
  granularity = options.granularity, activation_granularity = only_weights and "uniform" or nil,
  weights = grid(options.wbits, options.group == "block" and options.block or options.group),
  activations = only_weights and { bits = options.abits } or grid(options.abits),
  method = options.method, integers = true, folder = options.folder ~= "" and options.folder or nil,
  figures = options.figures ~= "" and not options.smoke and options.figures or nil,
}, options)

local rows = augq.table {
  { "network", "text" }, { "granularity", "text" }, { "method", "text" }, { "fp32_top1", "percent" },
  { "top1", "percent" }, { "integer_top1", "percent" }, { "stored_bits", "bits" }, { "entropy_bits", "bits" },
  { "unquantized", "percent" }, { "activation_bits", "bits" }, { "activation_unquantized", "percent" },
  { "seconds", "number" }, { "peak_bytes", "bytes" },
}
result.network, result.granularity, result.method = options.network, options.granularity, options.method
if options.fp32 then result.fp32_top1 = augq.evaluate(data.model, data.test).top1 end
local units = result.units
result.units, result.side_bits = nil, nil
rows:add(result)
rows:print { json = options.json }
if not options.smoke then
  for metric in ("top1 integer_top1 fp32_top1 stored_bits entropy_bits unquantized seconds"):gmatch "%g+" do
    if result[metric] then augq.log(metric, result[metric]) end
  end
  for _, unit in ipairs(units or {}) do
    for place, step in ipairs(unit.steps) do augq.log("loss/" .. unit.name, unit.losses[place], step) end
  end
end

if options.units and units then
  local errors = augq.table {
    { "unit", "text" }, { "stage", "integer" }, { "before", "number" }, { "after", "number" },
    { "undecided", "percent" }, { "seconds", "number" },
  }
  for _, unit in ipairs(units) do
    unit.unit, unit.name, unit.steps, unit.losses = unit.name, nil, nil, nil
    errors:add(unit)
  end
  errors:print { json = options.json }
end
