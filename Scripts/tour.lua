-- How does augq work, from loading a network to saving an integer engine?
-- This is the guided tour: read it from top to bottom and run it with `augq run Scripts/tour.lua`. Every step prints a
-- heading and what it found. Nothing is needed but `augq` and Debian's package `dataset-fashion-mnist`.
local augq = require "augq"

local options = augq.params {
  iterations = { 50, "steps per unit of the fine-tuning", 1, 100000 },
  smoke = { false, "2 steps per unit and 100 test images, to see that the tour runs" },
}

local function heading(text) print("\n== " .. text) end

-- ## 1. Load a network and its data
-- A network is a Lua file that builds the graph and a safetensors file with the values, found beside the script. A data
-- set is labelled images; `sample` draws some of them, the same for the same seed.
heading "1. Load"
local model = augq.load "models/fashion_cnn"
local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local images = data.train:sample(64, { seed = 1005 })
local exact = augq.evaluate(model, test)
print(("%d parameters, %d test images, FP32 top-1 %.1f %%"):format(model.parameter_count, #test, exact.top1))

-- ## 2. Look at a tensor
-- Tensors are dense FP32 arrays; arithmetic on them is native code. The weight of a convolution is `[O, kH, kW, I]`;
-- I is 1 in a depthwise one. Batch norms are folded into weights before anything is quantized, so look at those.
heading "2. Look at a tensor"
local folded = model:fold_batch_norm()
local weight = folded:parameter "down1.dw.weight"
print(("down1.dw.weight %s: %.2f ... %.2f, standard deviation %.2f"):format(
  table.concat(weight.shape, "x"), weight:min(), weight:max(), weight:deviation()))
local largest = weight:rows(1, 1):abs():max()
print(("the largest magnitude of channel 1 is %.2f: depthwise layers want a range per channel"):format(largest))

-- ## 3. Quantize
-- A granularity says how values are cut into groups and intervals. AuGQ with 2 bits and 4 intervals has
-- 4 (2^2 - 1) + 1 = 13 levels. Weights get a range per channel, activations one each, from 64 images without labels.
heading "3. Quantize"
local q = augq.quantize(model, {
  weights = augq.granularity.augq { bits = 2, intervals = 4, group = "channel" },
  activations = augq.granularity.augq { bits = 2, intervals = 4 },
  calibration = images,
})
print(("fake-quantized top-1 %.1f %%"):format(augq.evaluate(q, test).top1))

-- ## 4. What bits are
-- `nominal` is the b of the recipe. `stored` is what the packed file spends on a value, the interval's index included:
-- 13 levels take 4 bits. `entropy` is what an ideal coder would need, `side` what scales and zero points cost a value.
-- Compare quantizers at equal stored bits. First and last layer keep 256 levels, so the means are not round numbers.
heading "4. Bits"
local bits = q.bits
print(("nominal %.2f, stored %.2f, entropy %.2f, side %.2f bits per weight; the file has %d bytes"):format(
  bits.nominal, bits.stored, bits.entropy, bits.side, q.byte_count))

-- ## 5. The error of each layer
-- `augq.fake_quantize` puts one tensor on a grid. The signal-to-noise ratio in decibels tells which layers suffer.
heading "5. Error per layer"
local errors = augq.table { { "layer", "text" }, { "levels", "integer" }, { "stored", "bits" }, { "dB", "number" } }
for _, layer in ipairs(q:layers()) do
  if layer.key:match "^down" then
    local x = folded:parameter(layer.key)
    local noise = x - augq.fake_quantize(x, augq.granularity.augq { bits = 2, intervals = 4, group = "channel" })
    local ratio = 10 * math.log((x * x):sum() / (noise * noise):sum(), 10)
    errors:add { layer = layer.key, levels = layer.levels, stored = layer.stored, dB = ratio }
  end
end
errors:print()

-- ## 6. Integer inference
-- `compile` makes an engine without a floating-point number between the 8-bit pixels and the 32-bit logits. Its
-- decisions are those of the fake-quantized network but for roundings of the requantization.
heading "6. Integers"
local engine = q:compile()
print(("integer top-1 %.1f %%"):format(augq.evaluate(engine, test).top1))

-- ## 7. Fine-tune
-- A uniform grid of 2 bits needs help. QDrop learns which way each weight is rounded and the range of each activation,
-- block by block, so that the blocks' outputs stay those of the FP32 network. It reads the same 64 images; the default
-- are 500 steps per unit.
heading "7. Fine-tune"
local narrow = augq.quantize(model, {
  weights = augq.granularity.uniform { bits = 2, group = "channel" },
  activations = augq.granularity.uniform { bits = 4 },
  calibration = images,
})
local tuned, report = augq.reconstruct(narrow, {
  method = "qdrop", calibration = images, iterations = options.smoke and 2 or options.iterations,
})
print(("%d units; 2-bit weights: %.1f %% rounded to nearest, %.1f %% fine-tuned"):format(
  #report.units, augq.evaluate(narrow, test).top1, augq.evaluate(tuned, test).top1))

-- ## 8. Save
-- `model:save` writes architecture and values, `engine:save` the packed file that `augq.load_engine` reads.
heading "8. Save"
local project = os.tmpname()
os.remove(project)
os.execute(("mkdir -p '%s/Plugins/granularity' '%s/Scripts'"):format(project, project))
model:save(project .. "/Scripts/network")
tuned:compile():save(project .. "/network.packed")
local saved = augq.load_engine(project .. "/network.packed")
print(("network.packed: %d bytes, %.1f %% after loading"):format(saved.byte_count, augq.evaluate(saved, test).top1))

-- ## 9. A granularity of your own
-- Plugins are Lua files that return a table. This one has two intervals which meet a quarter of the way up. A project
-- keeps it in `Plugins/granularity/low.lua`, and recipes in a folder beside `Plugins` find it by its name;
-- `augq plugin check` tries the laws on it.
heading "9. A granularity of your own"
local function write(path, text)
  local file <close> = assert(io.open(project .. path, "w"))
  assert(file:write(text))
end
write("/Plugins/granularity/low.lua", [[
return {
  summary = "Two intervals that meet a quarter of the way up.",
  options = { bits = { 3, "bits inside an interval", 1, 7 } },
  grid = function(options) return { bits = options.bits, intervals = 2 } end,
  edges = function(x)
    local low, high = math.min(x:min(), 0), math.max(x:max(), 0)
    return { low + (high - low) / 4 }
  end,
}
]])

-- The project's recipe loads the saved network, quantizes it with the plugin and compiles it like any other.
write("/Scripts/recipe.lua", ([[
local augq = require "augq"
local data = augq.data.fashion_mnist()
local q = augq.quantize(augq.load "network", {
  weights = augq.granularity.low { bits = 3, group = "channel" }, activations = augq.granularity.low { bits = 3 },
  calibration = data.train:sample(64, { seed = 1005 }),
})
print(("granularity low: %%.2f bits stored, %%.1f %%%% in integers"):format(
  q.bits.stored, augq.evaluate(q:compile(), data.test:sample(%d, { seed = 1 })).top1))
]]):format(#test))
local function output(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end
local program = output "readlink /proc/$PPID/exe":match "%C+"
io.write(output(program .. " plugin check " .. project .. "/Plugins/granularity/low.lua"))
io.write(output(program .. " run " .. project .. "/Scripts/recipe.lua"))
os.execute(("rm -r '%s'"):format(project))

-- It printed:
--
-- ```text
-- == 1. Load
-- 59274 parameters, 1000 test images, FP32 top-1 92.8 %
--
-- == 2. Look at a tensor
-- down1.dw.weight 32x3x3x1: -31.32 ... 15.06, standard deviation 4.57
-- the largest magnitude of channel 1 is 0.92: depthwise layers want a range per channel
--
-- == 3. Quantize
-- fake-quantized top-1 91.6 %
--
-- == 4. Bits
-- nominal 2.16, stored 4.11, entropy 3.50, side 1.23 bits per weight; the file has 47498 bytes
--
-- == 5. Error per layer
-- layer            levels  stored     dB
-- ---------------  ------  ------  -----
-- down1.dw.weight      13   4.000  24.91
-- down1.pw.weight      13   4.000  19.83
-- down2.dw.weight      13   4.000  25.80
-- down2.pw.weight      13   4.000  18.56
--
-- == 6. Integers
-- integer top-1 91.6 %
--
-- == 7. Fine-tune
-- 10 units; 2-bit weights: 57.5 % rounded to nearest, 86.0 % fine-tuned
--
-- == 8. Save
-- network.packed: 33618 bytes, 86.3 % after loading
--
-- == 9. A granularity of your own
-- ok     granularity low
-- granularity low: 4.11 bits stored, 92.5 % in integers
-- ```
