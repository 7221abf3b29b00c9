-- How do I run a network in integers, and check that it computes the same?
-- `q:compile()` gives an engine in which nothing is a floating-point number between the 8-bit pixels and the 32-bit
-- logits. Compare its logits with those of the fake-quantized network: they differ by roundings of the requantization,
-- so look at the largest difference beside the size of the logits, and at how many decisions agree. `engine:save`
-- writes the packed file that `augq.load_engine` reads.
local augq = require "augq"

local options = augq.params {
  smoke = { false, "use 100 test images, to see that the recipe runs" },
  time = { false, "print images per second too; compare rows, not machines" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = augq.granularity.augq { bits = 2, intervals = 4, group = "channel" },
  activations = augq.granularity.augq { bits = 2, intervals = 4 },
  calibration = data.train:sample(64, { seed = 1005 }),
})
local engine = q:compile()

-- The engine that comes back from its file gives the same integers, bit for bit.
local path = os.tmpname()
engine:save(path)
local loaded = augq.load_engine(path)
os.remove(path)
local x = test:images()
local logits, integers = q:forward(x), engine:forward(x)
print(("the loaded engine gives the same logits: %s"):format((integers - loaded:forward(x)):abs():max() == 0))
print(("largest difference from the fake-quantized logits below a tenth of their range: %s"):format(
  (logits - integers):abs():max() < 0.1 * (logits:max() - logits:min())))

local rows = augq.table { { "inference", "text" }, { "top1", "percent" }, { "bytes", "bytes" }, { "speed", "integer" } }
for _, network in ipairs { { "fake-quantized", q }, { "integer", engine } } do
  local result = augq.evaluate(network[2], test)
  local speed = options.time and result.images_per_second or nil
  rows:add { inference = network[1], top1 = result.top1, bytes = network[2].byte_count, speed = speed }
end
rows:print()

-- It printed:
--
-- ```text
-- the loaded engine gives the same logits: true
-- largest difference from the fake-quantized logits below a tenth of their range: true
-- inference       top1 %   bytes  speed
-- --------------  ------  ------  -----
-- fake-quantized   91.60  47,498      -
-- integer          91.60  47,498      -
-- ```
