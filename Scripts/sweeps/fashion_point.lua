-- One point of the sweep fashion.lua: quantizes the bundled network and logs what it is worth.
local augq = require "augq"

local options = augq.params {
  granularity = { "augq", "any granularity; augq has 4 intervals" },
  bits = { 2, "bits inside an interval", 1, 8 },
  group = { "channel", "weights that share a range", { "tensor", "channel" } },
  seed = { 1, "of the 64 calibration images" },
  images = { 2000, "test images", 1, 10000 },
}
local data = augq.data.fashion_mnist()
local spec = { bits = options.bits, intervals = options.granularity == "augq" and 4 or nil }
local activations = augq.granularity[options.granularity](spec)
spec.group = options.group
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = augq.granularity[options.granularity](spec), activations = activations,
  calibration = data.train:sample(64, { seed = options.seed }),
})
augq.log("top1", augq.evaluate(q, data.test:subset(1, options.images)).top1)
augq.log("stored_bits", q.bits.stored)
augq.log("entropy_bits", q.bits.entropy)
