-- The README's first recipe: FP32, fake-quantized and integer-only top-1 of one AuGQ network.
--
--     augq run Scripts/first.lua [--smoke]
local augq  = require "augq"
local data  = augq.data.fashion_mnist()
local model = augq.load "models/fashion_cnn"
local q = augq.quantize(model, {
  weights     = augq.granularity.augq { bits = 2, intervals = 4, group = "channel" },
  activations = augq.granularity.augq { bits = 2, intervals = 4 },
  calibration = data.train:sample(64, { seed = 1005 }),
})
local engine = q:compile()                     -- integer-only from here
local test = arg[1] == "--smoke" and data.test:sample(256) or data.test
print(augq.evaluate(model, test), augq.evaluate(q, test), augq.evaluate(engine, test))
