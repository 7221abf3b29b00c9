-- MobileNetV1 for 224x224 images x / 127.5 - 1: depthwise separable convolutions with ReLU6 and TensorFlow's padding.
-- Howard et al. 2017, table 1; width multiplies the channels. Names as in Keras.
local augq = require "augq"
local blocks = require "lib.blocks"

-- Filters and stride of the pointwise and the depthwise convolution.
local rows = {
  { 64, 1 }, { 128, 2 }, { 128, 1 }, { 256, 2 }, { 256, 1 }, { 512, 2 }, { 512, 1 }, { 512, 1 }, { 512, 1 }, { 512, 1 },
  { 512, 1 }, { 1024, 2 }, { 1024, 1 },
}

return {
  summary = "MobileNetV1, as in Keras.",
  api = ">=1.0 <2",
  options = {
    width = { 1.0, "multiplies the channels", 0.05, 8 },
    size = { 224, "height and width of the images, a multiple of 32", 32, 1024 },
    classes = { 1000, "classes", 1, 100000 },
  },
  build = function(options)
    local graph = augq.graph { options.size, options.size, 3 }
    if options.size % 32 ~= 0 then error("option 'size' is " .. options.size .. "; expected a multiple of 32", 0) end

    local function convolution(x, name, spec)
      spec.epsilon = 1e-3
      spec.padding = blocks.same(spec.kernel or 1, spec.stride or 1)
      return graph:relu6(blocks.conv_norm(graph, x, name, name .. "_bn", spec))
    end
    local function scaled(filters) return math.tointeger(filters * options.width // 1) end

    local x = convolution(graph.input, "conv1", { filters = scaled(32), kernel = 3, stride = 2 })
    for index, row in ipairs(rows) do
      local channels = x.shape[3]
      x = convolution(x, "conv_dw_" .. index, { filters = channels, kernel = 3, stride = row[2], groups = channels })
      x = convolution(x, "conv_pw_" .. index, { filters = scaled(row[1]) })
    end
    x = graph:global_average_pool(x)
    graph:flatten(graph:conv2d(x, { name = "conv_preds", filters = options.classes, kernel = 1 }))
    return graph
  end,
}
