-- What the CIFAR-10 recipes share: pretrained networks, data, quantizers, and one row of a comparison.
local augq = require "augq"

local M = {}

local standardized = { mean = { 0.485, 0.456, 0.406 }, std = { 0.229, 0.224, 0.225 } }

-- Model file, its options, file of the weights in the data pack, normalisation of the pixels.
local networks = {
  resnet20 = { "cifar_resnet", { depth = 20 }, "resnet20_cifar10", standardized },
  resnet32 = { "cifar_resnet", { depth = 32 }, nil, standardized },
  resnet44 = { "cifar_resnet", { depth = 44 }, nil, standardized },
  resnet56 = { "cifar_resnet", { depth = 56 }, "resnet56_cifar10", standardized },
  resnet8 = { "resnet8", {}, "resnet8_cifar10_mlperf", { scale = 1 } },
}

M.shared = (os.getenv "AUGQ_SHARED" or "../shared") .. "/data"

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

-- Options that every recipe on CIFAR-10 has.
function M.options(more)
  local options = {
    network = { "resnet20", "resnet20, resnet32, resnet44, resnet56 or resnet8" },
    weights = { "", "PyTorch safetensors of the network (default: that of the data pack)" },
    data = { M.shared .. "/cifar10", "folder of CIFAR-10's binary files" },
    samples = { 64, "calibration images", 1, 50000 },
    iterations = { 500, "steps per unit of the fine-tuning methods", 1, 1000000 },
    seed = { 1, "seed of the calibration images, batches and draws" },
    json = { false, "print one JSON object a line instead of the table" },
    smoke = { false, "4 steps per unit and 200 test images; nothing when the data are absent" },
  }
  for name, row in pairs(more or {}) do options[name] = row end
  return augq.params(options)
end

-- Whether the recipe can run; says so when it is in smoke mode and the data are not there.
function M.present(options)
  local weights = networks[options.network] and networks[options.network][3]
  local there = exists(options.data .. "/test_batch.bin.gz") or exists(options.data .. "/test_batch.bin")
  if options.weights == "" then
    there = there and weights ~= nil and exists(M.shared .. "/models/" .. weights .. ".safetensors")
  end
  if options.smoke and not there then print("skipped: no data in " .. options.data) end
  return there or not options.smoke
end

-- Model, calibration pool and test images of the options.
function M.load(options)
  local row = networks[options.network]
  if not row then error("there is no network '" .. options.network .. "'; see --help", 0) end
  local file, architecture, pack, map = table.unpack(row, 1, 4)
  local weights = options.weights
  if weights == "" then
    if not pack then error("the data pack has no weights of " .. options.network .. ". Give --weights.", 0) end
    weights = M.shared .. "/models/" .. pack .. ".safetensors"
  end
  local folder = options.data
  local pool = first_of(folder, { "calib_2048.bin.gz", "data_batch_1.bin.gz", "data_batch_1.bin" }, "training images")
  local test = augq.data.cifar10 { first_of(folder, { "test_batch.bin.gz", "test_batch.bin" }, "test images") }
  return {
    model = augq.load("models/" .. file, { weights = weights, architecture = architecture }),
    pool = augq.data.cifar10({ pool }):normalized(map),
    test = (options.smoke and test:subset(1, 200) or test):normalized(map),
  }
end

-- One row of a comparison: quantizes, rounds or fine-tunes, scores; in integers too when the row asks for it.
function M.row(data, spec, options)
  local granularity = augq.granularity[spec.granularity]
  if not granularity then error("there is no granularity '" .. spec.granularity .. "'", 0) end
  local activations = augq.granularity[spec.activation_granularity or spec.granularity]
  local calibration = data.pool:sample(spec.samples or options.samples, { seed = spec.seed or options.seed })
  local q = augq.quantize(data.model, {
    weights = granularity(spec.weights), activations = activations(spec.activations), calibration = calibration,
  })
  local report = { seconds = 0 }
  if spec.method == "closed" or spec.method == "bit_split" then
    local begin = os.clock()
    q = augq.round(q, { method = spec.method, calibration = calibration })
    report.seconds = os.clock() - begin
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

return M
