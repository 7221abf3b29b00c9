-- How do I fine-tune with QDrop, and go on after a kill?
-- `augq.reconstruct` learns the rounding of weights and the ranges of activations unit by unit, from images without
-- labels. With `folder` it keeps the result of each finished unit; the same call with the same folder takes finished
-- units from there and ends with the same bytes. A folder belongs to one run: other images, options or networks are an
-- error. More steps help; the default is 500 per unit.
local augq = require "augq"

local options = augq.params {
  iterations = { 20, "steps per unit", 1, 1000000 },
  smoke = { false, "2 steps per unit and 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local images = data.train:sample(64, { seed = 1 })
local uniform = augq.granularity.uniform
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = uniform { bits = 2, group = "channel" }, activations = uniform { bits = 4 }, calibration = images,
})

local folder = os.tmpname()
os.remove(folder)
local function tune()
  return augq.reconstruct(q, {
    method = "qdrop", calibration = images, iterations = options.smoke and 2 or options.iterations, folder = folder,
  })
end

local first, report = tune()
print(("nearest rounding %.1f %%, QDrop %.1f %%"):format(augq.evaluate(q, test).top1, augq.evaluate(first, test).top1))

-- As if the run had been killed: the results of the last two units are not there.
for index = #report.units - 2, #report.units - 1 do
  local unit = report.units[index + 1]
  os.remove(("%s/stage1-unit%d-%s.safetensors"):format(folder, index, unit.name))
end
local second, resumed = tune()
local taken = 0
for _, unit in ipairs(resumed.units) do taken = taken + (unit.seconds == 0 and 1 or 0) end
local x = test:subset(1, 32):images()
local difference = (first:forward(x) - second:forward(x)):abs():max()
print(("%d units, %d of them taken from the folder; outputs differ by %g"):format(#resumed.units, taken, difference))
os.execute(("rm -r '%s'"):format(folder))

-- It printed:
--
-- ```text
-- nearest rounding 56.7 %, QDrop 78.5 %
-- 10 units, 8 of them taken from the folder; outputs differ by 0
-- ```
