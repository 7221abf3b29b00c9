-- What the models of this folder share.
local M = {}

-- The row of a table of variants, or an error that lists what there is.
function M.variant(variants, option, value)
  if variants[value] then return variants[value] end
  local known = {}
  for key in pairs(variants) do known[#known + 1] = key end
  table.sort(known)
  error("option '" .. option .. "' is " .. tostring(value) .. "; there are "
    .. table.concat(known, ", ") .. ".", 0)
end

-- The multiple of `divisor` nearest to `value`, at least one, and not below `share` of it (MobileNet's rounding).
function M.divisible(value, divisor, share)
  local rounded = math.max(divisor, (value + divisor / 2) // divisor * divisor)
  if rounded < (share or 0.9) * value then rounded = rounded + divisor end
  return math.tointeger(rounded)
end

-- A convolution and its batch norm. `spec` has what conv2d takes, and `epsilon`; no bias unless it says so. Padding is
-- half the kernel unless it says otherwise.
function M.conv_norm(graph, x, name, norm, spec)
  local kernel = spec.kernel or 1
  x = graph:conv2d(x, {
    name = name, filters = spec.filters, kernel = kernel, stride = spec.stride or 1,
    padding = spec.padding or kernel // 2, groups = spec.groups or 1, bias = spec.bias or false,
  })
  return graph:batch_norm(x, { name = norm, epsilon = spec.epsilon or 1e-5 })
end

-- The same, and a ReLU.
function M.conv_relu(graph, x, name, norm, spec) return graph:relu(M.conv_norm(graph, x, name, norm, spec)) end

-- The mean over all positions and the classifier.
function M.head(graph, x, name, classes, bias)
  x = graph:flatten(graph:global_average_pool(x))
  return graph:linear(x, { name = name, features = classes, bias = bias == nil or bias })
end

-- TensorFlow's SAME padding of an even extent: {top, left, bottom, right}.
function M.same(kernel, stride)
  local before = (kernel - stride) // 2
  return { before, before, kernel - stride - before, kernel - stride - before }
end

return M
