-- Bits for each layer, chosen by an allocator from what the sweep sensitivity.lua has measured, and what the network is
-- then worth.
--
--     augq batch Scripts/sweeps/sensitivity.lua -j 2
--     augq run Scripts/mixed_precision.lua --allocator pareto --mean-bits 3 --method closed
local augq = require "augq"
local pretrained = require "lib.pretrained"

local options = pretrained.options {
  sweep = { "sensitivity", "the sweep that measured the layers" },
  loss = { "kl", "metric of the sweep that counts as loss: kl, loss_increase, top1_drop" },
  allocator = { "pareto", "uniform, greedy, pareto, integer_program, memory_driven or a plugin of yours" },
  mean_bits = { 4.0, "mean bits per weight, at most", 1, 8 },
  ram = { 0, "bytes for activations, for memory_driven; 0 for no bound", 0, 1 << 40 },
  abits = { 8, "bits of activations that the allocator leaves alone", 1, 8 },
  method = { "closed", "nearest, closed, qdrop or another one that fine-tunes" },
}
if not pretrained.present(options) then return end
if options.smoke then
  print("skipped: it needs the results of a sweep")
  return
end

-- The latest result of each layer and width: earlier ones may be of another recipe.
local by_layer, layers, weights = {}, {}, 0
for _, run in ipairs(augq.runs { sweep = options.sweep, status = "done" }) do
  local p, loss = run.parameters, run.metrics[options.loss]
  if not loss then error("the runs have no metric '" .. options.loss .. "'.", 0) end
  if not by_layer[p.layer] then
    local layer = { key = p.layer .. ".weight", count = run.metrics.weights, found = {} }
    by_layer[p.layer], layers[#layers + 1], weights = layer, layer, weights + layer.count
  end
  -- Noise of a few images must not make a narrower width look better.
  by_layer[p.layer].found[p.bits] = math.max(0, loss)
end
for _, layer in ipairs(layers) do
  layer.bits, layer.loss = {}, {}
  for bits in pairs(layer.found) do table.insert(layer.bits, bits) end
  table.sort(layer.bits)
  for place, bits in ipairs(layer.bits) do layer.loss[place] = layer.found[bits] end
  layer.found = nil
end
if #layers == 0 then
  error("no run of sweep '" .. options.sweep .. "' is done. Run augq batch Scripts/sweeps/sensitivity.lua first.", 0)
end

local data = pretrained.load(options)
local calibration = data.pool:sample(options.samples, { seed = options.seed })
local function of_weights(bits) return augq.granularity.uniform { bits = bits, group = "channel" } end
local activations = augq.granularity.uniform { bits = options.abits }
local wide = augq.quantize(data.model, {
  weights = of_weights(8), activations = activations, calibration = calibration,
})

local given = { allocator = options.allocator }
if options.allocator == "memory_driven" then
  given.flash = math.floor(options.mean_bits * weights / 8)
  if options.ram > 0 then given.ram = options.ram end
else
  given.mean_bits = options.mean_bits
end
local bits = augq.allocate(layers, given, options.ram > 0 and wide:memory() or nil)

local spec = {
  weights = of_weights(8), activations = activations, calibration = calibration, first_last = "same", layers = {},
  nodes = {},
}
for key, width in pairs(bits) do
  if by_layer[key:gsub("%.weight$", "")] then
    spec.layers[key] = of_weights(width)
  elseif key ~= "input" then
    spec.nodes[key] = augq.granularity.uniform { bits = width }
  end
end
local q = augq.quantize(data.model, spec)
if options.method == "closed" then
  q = augq.round(q, { calibration = calibration })
elseif options.method ~= "nearest" then
  q = augq.reconstruct(q, {
    method = options.method, calibration = calibration, iterations = options.iterations, seed = options.seed,
  })
end
local top1 = augq.evaluate(q, data.test).top1

local rows = augq.table { { "layer", "text" }, { "weights", "integer" }, { "bits", "integer" } }
for _, layer in ipairs(layers) do rows:add { layer = layer.key, weights = layer.count, bits = bits[layer.key] } end
rows:note(("top-1 %.2f %%, %.3f stored bits per weight, %d bytes"):format(top1, q.bits.stored, q.byte_count))
rows:print { json = options.json }
augq.log("top1", top1)
augq.log("stored_bits", q.bits.stored)
augq.log("bytes", q.byte_count)
