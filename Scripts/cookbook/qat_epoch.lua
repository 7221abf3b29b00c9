-- How do I train a network with quantization in the loop?
-- Hand the quantized network itself to `augq.train`: the forward pass goes through the fake quantizers, the gradient
-- passes straight through them, and weight ranges follow the weights at every step. One epoch over a part of the data
-- repairs much of what 2 bits break; `Scripts/qat_fashion.lua` trains on everything. The option `gradient` of
-- `augq.quantize` puts another rule in the place of the straight-through estimator.
local augq = require "augq"

local options = augq.params {
  images = { 4000, "training images", 128, 60000 },
  epochs = { 1, "passes over them", 1, 100 },
  gradient = { "", "plugin of kind gradient, such as ewgs; the native rule when empty" },
  smoke = { false, "use 256 training and 100 test images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local test = data.test:sample(options.smoke and 100 or 1000, { seed = 1 })
local train = data.train:sample(options.smoke and 256 or options.images, { seed = 1 })
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = augq.granularity.uniform { bits = 2, group = "channel" },
  activations = augq.granularity.uniform { bits = 4 },
  calibration = data.train:sample(64, { seed = 1 }),
  gradient = options.gradient ~= "" and options.gradient or nil,
})

local before = augq.evaluate(q:compile(), test).top1
local log = augq.train(q, {
  data = train, epochs = options.epochs, batch = 64, seed = 1,
  optimizer = augq.optimizer.sgd { learning_rate = 0.005, momentum = 0.9, nesterov = true, weight_decay = 1e-4 },
  schedule = augq.schedule.cosine { warmup_epochs = 0.1 },
})
local after = augq.evaluate(q:compile(), test).top1
print(("loss of the last epoch %.3f"):format(log.last.loss))
print(("integers, 2-bit weights and 4-bit activations: %.1f %% before, %.1f %% after"):format(before, after))

-- It printed:
--
-- ```text
-- loss of the last epoch 0.486
-- integers, 2-bit weights and 4-bit activations: 56.9 % before, 88.0 % after
-- ```
