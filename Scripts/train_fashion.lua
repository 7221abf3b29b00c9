-- Trains models/fashion_cnn on Fashion-MNIST and writes the checkpoint that the other recipes load.
--
--     augq run Scripts/train_fashion.lua [--epochs N] [--seed N] [--out PATH] [--smoke]
--
-- The bundled checkpoint was made by this recipe with its defaults.
local augq = require "augq"

local options = augq.params {
  epochs = { 20, "passes over the 60,000 training images" },
  seed = { 1, "seed of initial values, order and augmentation" },
  out = { "", "where the checkpoint goes (path without extension); not written when empty" },
  smoke = { false, "train one epoch on 512 images, to see that the recipe runs" },
}

local data = augq.data.fashion_mnist()
local train, test = data.train, data.test
if options.smoke then
  train, test = train:sample(512, { seed = options.seed }), test:sample(256, { seed = options.seed })
end

local model = augq.build("models/fashion_cnn", { seed = options.seed })
print(string.format("fashion_cnn: %d parameters", model.parameter_count))

local log = augq.train(model, {
  data = train,
  validation = test,
  epochs = options.smoke and 1 or options.epochs,
  batch = 128,
  optimizer = augq.optimizer.sgd { learning_rate = 0.1, momentum = 0.9, nesterov = true, weight_decay = 5e-4 },
  schedule = augq.schedule.cosine { warmup_epochs = 1 },
  augment = { crop = 2, flip = true },
  seed = options.seed,
  on_epoch = function(epoch)
    print(string.format(
      "epoch %2d  loss %.4f  train %.2f %%  test %.2f %%  %.1f s",
      epoch.number, epoch.loss, epoch.train_top1, epoch.validation_top1, epoch.seconds))
  end,
})

print(string.format("test top-1 %.2f %% after %.0f s", log.last.validation_top1, log.seconds))
if options.out ~= "" then
  model:save(options.out)
  print("wrote " .. options.out .. ".safetensors")
end
