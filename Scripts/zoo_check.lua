-- Checks the pretrained networks of the shared data pack: logits against those of another program, and top-1 on the
-- whole test sets against the accuracies that its MANIFEST states. Prints a table and exits 1 when a row is off.
--
--     augq run Scripts/zoo_check.lua [--data DIR] [--smoke]
local augq = require "augq"

local options = augq.params {
  data = { (os.getenv "AUGQ_SHARED" or "../shared") .. "/data", "folder of the data pack" },
  json = { false, "print one JSON object a line instead of the table" },
  smoke = { false, "compare logits only, of a few images; nothing when the folder is absent" },
}

local function path(name) return options.data .. "/" .. name end

local present = io.open(path "MANIFEST.md")
if not present then
  if not options.smoke then
    io.stderr:write("no data pack at " .. options.data .. ". Give its folder with --data.\n")
    os.exit(66)
  end
  print("skipped: no data pack at " .. options.data)
  return
end
present:close()

-- What each network reads. Photographs for the logits come decoded, so that the decoder has no part in them.
local step = 0.5847029089927673
local imagenet_map = { scale = 1 / 127.5, shift = -1 }
local cifar = augq.data.cifar10 { path "cifar10/test_batch.bin.gz" }
local standardized = cifar:normalized { mean = { 0.485, 0.456, 0.406 }, std = { 0.229, 0.224, 0.225 } }
local bytes = cifar:normalized { scale = 1 }
local words = augq.data.raw(path "mlperf_tiny/data/kws01_mfcc_int8_1000x49x10.bin", {
  shape = { 49, 10, 1 }, type = "int8", labels = path "mlperf_tiny/data/kws01_labels_u8_1000.bin",
  scale = step, shift = -83 * step,
})
local photographs = augq.data.image_folder(path "imagenet/eval", { classes = 1000 }):normalized(imagenet_map)
local decoded = augq.data.raw(path "imagenet/eval_first64_224_rgb_u8_nhwc.bin.gz", {
  shape = { 224, 224, 3 }, type = "uint8", scale = 1 / 127.5, shift = -1,
})

-- Weights, model file, its options, images for top-1, their accuracy in MANIFEST section 2, images for the logits.
local networks = {
  { "resnet20_cifar10", "cifar_resnet", { depth = 20 }, standardized, 91.73 },
  { "resnet56_cifar10", "cifar_resnet", { depth = 56 }, standardized, 93.39 },
  { "resnet8_cifar10_mlperf", "resnet8", {}, bytes, 87.19 },
  { "kws_dscnn_mlperf", "ds_cnn", {}, words, 91.50 },
  { "mobilenetv1_075_224_imagenet", "mobilenet_v1", { width = 0.75 }, photographs, 80.00, decoded },
  { "mobilenetv1_025_224_imagenet", "mobilenet_v1", { width = 0.25 }, photographs, 54.50, decoded },
}

-- The largest difference from the golden logits of the first images.
local function difference(model, weights, images)
  local name = weights:find "imagenet" and "logits_eval_first64" or "logits"
  local golden = augq.tensor.load(path("golden/" .. weights .. ".safetensors"), name)
  local count = options.smoke and 4 or golden.shape[1]
  local mine, largest = model:forward(images:subset(1, count):images()), 0
  for index = 1, #mine do largest = math.max(largest, math.abs(mine[index] - golden[index])) end
  return largest
end

local rows = augq.table {
  { "network", "text" }, { "parameters", "integer" }, { "logits", "text" }, { "images", "integer" },
  { "top1", "percent" }, { "manifest", "percent" }, { "verdict", "text" },
}
local failed = false
for _, network in ipairs(networks) do
  local weights, file, architecture, images, expected, first = table.unpack(network, 1, 6)
  local model = augq.load(augq.model[file](architecture), { weights = path("models/" .. weights .. ".safetensors") })
  local largest = difference(model, weights, first or images)
  local right = largest < 1e-3
  local row = {
    network = weights, parameters = model.parameter_count, logits = string.format("%.1e", largest), manifest = expected,
  }
  if not options.smoke then
    local result = augq.evaluate(model, images, { batch = #images > 1000 and 200 or 32 })
    row.images, row.top1 = result.count, result.top1
    right = right and math.abs(result.top1 - expected) < 0.0201
  end
  row.verdict = right and "right" or "off"
  failed = failed or not right
  rows:add(row)
end
rows:print { json = options.json }
os.exit(failed and 1 or 0)
