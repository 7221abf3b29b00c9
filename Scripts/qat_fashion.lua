-- The paper's two routes side by side: post-training quantization from 64 images, and a few epochs of
-- quantization-aware training with AuGQ fake quantization in the loop (2 bits, K = 4, straight-through gradients).
-- Both end as integer-only engines; top-1 is on all 10,000 Fashion-MNIST test images.
--
--     augq run Scripts/qat_fashion.lua [--epochs N] [--seed N] [--json] [--smoke]
local augq = require "augq"

local options = augq.params {
  epochs = { 3, "epochs of quantization-aware training", 1, 100 },
  seed = { 1, "seed of order and augmentation" },
  json = { false, "print one JSON object a line instead of the table" },
  smoke = { false, "train on 512 images and test on 256, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local train, test = data.train, data.test
if options.smoke then
  train, test = train:sample(512, { seed = options.seed }), test:sample(256, { seed = options.seed })
end

local model = augq.load "models/fashion_cnn"
local q = augq.quantize(model, {
  weights = augq.granularity.augq { bits = 2, intervals = 4, group = "channel" },
  activations = augq.granularity.augq { bits = 2, intervals = 4 },
  calibration = data.train:sample(64, { seed = 1005 }),
})

local fp32 = augq.evaluate(model, test)
local ptq = augq.evaluate(q:compile(), test)

local log = augq.train(q, {
  data = train,
  validation = test,
  epochs = options.smoke and 1 or options.epochs,
  batch = 128,
  optimizer = augq.optimizer.sgd { learning_rate = 0.005, momentum = 0.9, nesterov = true, weight_decay = 1e-4 },
  schedule = augq.schedule.cosine { warmup_epochs = 0.1 },
  augment = { crop = 2, flip = true },
  seed = options.seed,
})
local qat = augq.evaluate(q:compile(), test)

local rows = augq.table {
  { "route", "text" }, { "inference", "text" }, { "top1", "percent" }, { "stored", "bits" }, { "seconds", "number" },
}
rows:add { route = "FP32", inference = "float", top1 = fp32.top1, stored = 32 }
rows:add { route = "PTQ, AuGQ 2-bit K=4", inference = "integer", top1 = ptq.top1, stored = q.bits.stored }
rows:add {
  route = "QAT, AuGQ 2-bit K=4", inference = "integer", top1 = qat.top1, stored = q.bits.stored, seconds = log.seconds,
}
rows:print { json = options.json }
