-- How do I give each layer its bits so that the network fits into a byte budget?
-- Measure what each layer loses at each width, then let `augq.allocate` choose: `greedy` starts with the narrowest
-- widths and takes, again and again, the step that saves the most loss per bit while the budget lasts. The loss may be
-- any number per layer and width; here it is the squared error of the logits with that layer alone quantized.
local augq = require "augq"

local options = augq.params {
  bytes = { 21500, "budget of all packed weights, in bytes", 1000, 1000000 },
  smoke = { false, "use 50 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 50 or 1000, { seed = 1 })
local model = augq.load "../models/fashion_cnn"
local function grid(bits) return augq.granularity.uniform { bits = bits, group = "channel" } end

-- Loss of every layer at 2, 3, 4 and 8 bits, from 32 images without labels.
local x = data.train:sample(options.smoke and 4 or 32, { seed = 1 }):images()
local exact = model:forward(x)
local layers, weights = {}, 0
for index, layer in ipairs(augq.quantize(model, { weights = grid(8), first_last = "same" }):layers()) do
  local row = { key = layer.key, count = layer.count, bits = { 2, 3, 4, 8 }, loss = {} }
  for place, bits in ipairs(row.bits) do
    local q = augq.quantize(model, { weights = grid(8), layers = { [layer.key] = grid(bits) } })
    local error = exact - q:forward(x)
    row.loss[place] = (error * error):sum()
  end
  layers[index], weights = row, weights + layer.count
end

local rows = augq.table { { "allocation", "text" }, { "top1", "percent" }, { "stored", "bits" }, { "bytes", "bytes" } }
for _, allocator in ipairs { "uniform", "greedy" } do
  local bits = augq.allocate(layers, { allocator = allocator, mean_bits = 8 * options.bytes / weights })
  local grids = {}
  for key, width in pairs(bits) do grids[key] = grid(width) end
  local q = augq.quantize(model, { weights = grid(8), layers = grids, first_last = "same" })
  local stored = q.bits.stored
  rows:add {
    allocation = allocator, top1 = augq.evaluate(q, test).top1, stored = stored,
    bytes = math.ceil(stored * weights / 8),
  }
end
rows:print()

-- It printed:
--
-- ```text
-- allocation  top1 %  stored   bytes
-- ----------  ------  ------  ------
-- uniform      88.90   3.000  21,408
-- greedy       91.60   3.004  21,440
-- ```
