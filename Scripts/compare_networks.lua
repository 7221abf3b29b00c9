-- Pretrained networks beside each other: FP32, rounded to nearest, fine-tuned, and compiled to integers.
--
--     augq run Scripts/compare_networks.lua [--networks resnet8,ds_cnn] [--quantizers uniform_w4a8] [--seeds 3]
--       [--json]
local augq = require "augq"
local pretrained = require "lib.pretrained"

local options = pretrained.options {
  network = false, seed = false,
  networks = { "resnet8,ds_cnn,resnet56,mobilenet_v1_075", "networks, separated by commas" },
  quantizers = { "uniform_w8a8,uniform_w4a8,uniform_w4a4,augq_2bit", "rows to run, separated by commas" },
  methods = { "nearest,qdrop", "methods, separated by commas; 8 bits are rounded to nearest only" },
  seeds = { 3, "runs of each row, with the seeds 1, 2, …", 1, 100 },
}

local augq_2bit = { bits = 2, intervals = 4 }
local quantizers = {
  uniform_w8a8 = { "uniform", { bits = 8 }, { bits = 8 } },
  uniform_w4a8 = { "uniform", { bits = 4 }, { bits = 8 } },
  uniform_w4a4 = { "uniform", { bits = 4 }, { bits = 4 } },
  augq_2bit = { "augq", augq_2bit, augq_2bit },
}

local names = pretrained.words(options.smoke and "uniform_w8a8" or options.quantizers, quantizers, "quantizer")
local methods = pretrained.words(options.methods)

local rows = augq.table {
  { "network", "text" }, { "fp32_top1", "percent" }, { "quantizer", "text" }, { "method", "text" },
  { "top1", "percent" },
  { "spread", "number" }, { "integer_top1", "percent" }, { "stored_bits", "bits" }, { "activation_bits", "bits" },
  { "seconds", "number" },
}

local function run(network, data, fp32, name, method)
  local granularity, weights, activations = table.unpack(quantizers[name])
  local row = pretrained.seeded(data, {
    granularity = granularity, weights = { bits = weights.bits, intervals = weights.intervals, group = "channel" },
    activations = activations, method = method, integers = true,
  }, options)
  rows:add {
    network = network, fp32_top1 = fp32, quantizer = name, method = method, top1 = row.top1, spread = row.spread,
    integer_top1 = row.integer_top1, stored_bits = row.stored_bits, activation_bits = row.activation_bits,
    seconds = row.seconds,
  }
end

for _, network in ipairs(pretrained.networks(options.smoke and "resnet8" or options.networks)) do
  options.network = network
  if not pretrained.present(options) then return end
  local data = pretrained.load(options)
  local fp32 = augq.evaluate(data.model, data.test).top1
  for _, name in ipairs(names) do
    for _, method in ipairs(methods) do
      if method == "nearest" or name ~= "uniform_w8a8" then run(network, data, fp32, name, method) end
    end
  end
end
rows:print { json = options.json }
