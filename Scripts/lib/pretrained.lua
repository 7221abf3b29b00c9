-- What the PTQ recipes share: pretrained networks, their data, quantizers, and one row of a comparison.
local augq = require "augq"

local M = {}

local shared = (os.getenv "AUGQ_SHARED" or "../shared") .. "/data"
local standardized = { mean = { 0.485, 0.456, 0.406 }, std = { 0.229, 0.224, 0.225 } }
local mfcc_step = 0.5847029089927673

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function first_of(folder, names, purpose)
  for _, name in ipairs(names) do
    if exists(folder .. "/" .. name) then return folder .. "/" .. name end
  end
  error(folder .. " has no " .. purpose .. " (" .. table.concat(names, ", ") .. "). Give its folder with --data.", 0)
end

-- A data set: its folder in the data pack, a file it has, and a function that gives calibration pool and test images.
local cifar10 = {
  folder = "cifar10",
  marks = { "test_batch.bin.gz", "test_batch.bin" },
  load = function(folder, marks)
    local pool = first_of(folder, { "calib_2048.bin.gz", "data_batch_1.bin.gz", "data_batch_1.bin" }, "training images")
    return augq.data.cifar10 { pool }, augq.data.cifar10 { first_of(folder, marks, "test images") }
  end,
}
local imagenet = {
  folder = "imagenet",
  marks = { "labels.csv" },
  load = function(folder)
    local options = { resize = 224, crop = 224, classes = 1000 }
    return augq.data.image_folder(folder .. "/calib", options), augq.data.image_folder(folder .. "/eval", options)
  end,
}
-- The pack has no other spoken words than the test rows: the first 100 calibrate and are not scored.
local speech = {
  folder = "mlperf_tiny/data",
  marks = { "kws01_mfcc_int8_1000x49x10.bin" },
  load = function(folder, marks)
    local rows = augq.data.raw(first_of(folder, marks, "rows"), {
      shape = { 49, 10, 1 }, type = "int8", labels = folder .. "/kws01_labels_u8_1000.bin",
    })
    return rows:subset(1, 100), rows:subset(101, #rows)
  end,
}

-- Model plugin, its options, file of the weights in the data pack, data set, normalisation.
local networks = {
  resnet20 = { "cifar_resnet", { depth = 20 }, "resnet20_cifar10", cifar10, standardized },
  resnet32 = { "cifar_resnet", { depth = 32 }, nil, cifar10, standardized },
  resnet44 = { "cifar_resnet", { depth = 44 }, nil, cifar10, standardized },
  resnet56 = { "cifar_resnet", { depth = 56 }, "resnet56_cifar10", cifar10, standardized },
  resnet8 = { "resnet8", {}, "resnet8_cifar10_mlperf", cifar10, { scale = 1 } },
  ds_cnn = { "ds_cnn", {}, "kws_dscnn_mlperf", speech, { scale = mfcc_step, shift = -83 * mfcc_step } },
  mobilenet_v1_075 = {
    "mobilenet_v1", { width = 0.75 }, "mobilenetv1_075_224_imagenet", imagenet, { scale = 1 / 127.5, shift = -1 },
  },
  mobilenet_v1_025 = {
    "mobilenet_v1", { width = 0.25 }, "mobilenetv1_025_224_imagenet", imagenet, { scale = 1 / 127.5, shift = -1 },
  },
}
local function keys_of(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return table.concat(keys, ", ")
end

local function check(word, known, what)
  if known[word] then return end
  error("there is no " .. what .. " '" .. word .. "'; there are " .. keys_of(known) .. ".", 0)
end

local function folder_of(options)
  return options.data ~= "" and options.data or shared .. "/" .. networks[options.network][4].folder
end

-- The words of a list separated by commas; each must be a key of `known` when that is given.
function M.words(text, known, what)
  local list = {}
  for word in text:gmatch "[^,]+" do
    if known then check(word, known, what) end
    list[#list + 1] = word
  end
  return list
end

-- The names of networks, separated by commas.
function M.networks(text) return M.words(text, networks, "network") end

-- Options that every recipe on a pretrained network has; `false` in `more` takes one away.
function M.options(more)
  local options = {
    network = { "resnet20", keys_of(networks) },
    weights = { "", "PyTorch safetensors of the network (default: that of the data pack)" },
    data = { "", "folder of the images (default: that of the data pack)" },
    samples = { 64, "calibration images", 1, 50000 },
    iterations = { 500, "steps per unit of the fine-tuning methods", 1, 1000000 },
    seed = { 1, "seed of the calibration images, batches and draws" },
    json = { false, "print one JSON object a line instead of the table" },
    smoke = { false, "4 steps per unit and at most 200 test images; nothing when the data are absent" },
  }
  for name, row in pairs(more or {}) do options[name] = row or nil end
  options = augq.params(options)
  if options.network then check(options.network, networks, "network") end
  return options
end

-- Whether the recipe can run; says so when it is in smoke mode and the data are not there.
function M.present(options)
  local row, folder, there = networks[options.network], folder_of(options), false
  for _, mark in ipairs(row[4].marks) do there = there or exists(folder .. "/" .. mark) end
  if options.weights == "" then
    there = there and row[3] and exists(shared .. "/models/" .. row[3] .. ".safetensors")
  end
  if options.smoke and not there then print("skipped: no data in " .. folder) end
  return there or not options.smoke
end

-- Model, calibration pool and test images of the options.
function M.load(options)
  local file, architecture, pack, source, map = table.unpack(networks[options.network], 1, 5)
  local weights = options.weights
  if weights == "" then
    if not pack then error("the data pack has no weights of " .. options.network .. ". Give --weights.", 0) end
    weights = shared .. "/models/" .. pack .. ".safetensors"
  end
  local pool, test = source.load(folder_of(options), source.marks)
  return {
    model = augq.load(augq.model[file](architecture), { weights = weights }),
    pool = pool:normalized(map),
    test = (options.smoke and test:subset(1, math.min(#test, 200)) or test):normalized(map),
  }
end

-- The node whose output carries the grid of a layer's output: the ReLU that alone reads it, or the layer itself.
function M.output_of(model, layer)
  local node = model.graph:node(layer)
  local user = node.users[1] and model.graph:node(node.users[1])
  local clamps = { relu = true, relu6 = true, clip = true }
  return user and #node.users == 1 and clamps[user.kind] and user.name or layer
end

-- Keeps pictures of a layer's weights, their ranges and its output with the run.
function M.keep_figures(q, layer, images)
  augq.figure.weights(q, layer .. ".weight"):keep("weights/" .. layer)
  augq.figure.ranges(q, layer .. ".weight"):keep("ranges/" .. layer)
  local node = M.output_of(q, layer)
  augq.figure.activations(q, node, { calibration = images, log = true }):keep("activations/" .. node)
end

-- One row of a comparison: quantizes, rounds or fine-tunes, scores; in integers too when the row asks for it.
function M.row(data, spec, options)
  local granularity = augq.granularity[spec.granularity]
  local activations = augq.granularity[spec.activation_granularity or spec.granularity]
  local calibration = data.pool:sample(spec.samples or options.samples, { seed = spec.seed or options.seed })
  local q = augq.quantize(data.model, {
    weights = granularity(spec.weights), activations = activations(spec.activations), calibration = calibration,
  })
  if spec.figures then M.keep_figures(q, spec.figures, calibration) end
  local report = { seconds = 0 }
  if spec.method == "closed" or spec.method == "bit_split" then
    local begin = augq.seconds()
    q = augq.round(q, { method = spec.method, calibration = calibration })
    report.seconds = augq.seconds() - begin
  elseif spec.method ~= "nearest" then
    q, report = augq.reconstruct(q, {
      method = spec.method, calibration = calibration, iterations = options.smoke and 4 or options.iterations,
      seed = spec.seed or options.seed, folder = spec.folder,
    })
  end
  local compiled, engine
  if spec.integers then compiled, engine = pcall(q.compile, q) end
  local bits = q.bits
  return {
    top1 = augq.evaluate(q, data.test).top1, integer_top1 = compiled and augq.evaluate(engine, data.test).top1 or nil,
    stored_bits = bits.stored, entropy_bits = bits.entropy, side_bits = bits.side, unquantized = bits.unquantized,
    activation_bits = q.activation_bits.stored, activation_unquantized = q.activation_bits.unquantized,
    seconds = report.seconds, peak_bytes = augq.peak_bytes(), units = report.units,
  }
end

-- Mean and standard deviation.
function M.statistics(values)
  local sum, squares = 0, 0
  for _, value in ipairs(values) do sum = sum + value end
  local mean = sum / #values
  for _, value in ipairs(values) do squares = squares + (value - mean) ^ 2 end
  return mean, #values > 1 and math.sqrt(squares / (#values - 1)) or 0
end

-- A row with the seeds 1, 2, … of the options: mean and spread of top-1, seconds a run, the rest of the last one.
function M.seeded(data, spec, options)
  local seeds = options.smoke and 1 or options.seeds
  local runs, row, seconds = {}, nil, 0
  for seed = 1, seeds do
    local one = {}
    for key, value in pairs(spec) do one[key] = value end
    one.seed, one.integers = seed, spec.integers and seed == seeds
    row = M.row(data, one, options)
    runs[seed], seconds = row.top1, seconds + row.seconds
  end
  row.top1, row.spread = M.statistics(runs)
  row.seconds = seconds / seeds
  return row
end

return M
