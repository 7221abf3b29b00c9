-- What allocators share: the budget of all weights, and the widths of a layer in order.
local M = {}

-- The options of a budget.
function M.options(more)
  local options = {
    mean_bits = { 4.0, "mean bits per weight, at most", 1, 32 },
    bytes = { 0, "bytes of all weights, at most, in place of mean_bits; 0 for none", 0, 1 << 40 },
  }
  for name, row in pairs(more or {}) do options[name] = row end
  return options
end

-- The widths of each layer, narrowest first: { bits, loss, cost in bits of storage }.
function M.choices(layers)
  local result = {}
  for place, layer in ipairs(layers) do
    local rows = {}
    for index, bits in ipairs(layer.bits) do
      rows[index] = { bits = bits, loss = layer.loss[index], cost = layer.count * bits }
    end
    table.sort(rows, function(a, b) return a.bits < b.bits end)
    result[place] = rows
  end
  return result
end

-- The budget in bits; an error when the narrowest widths take more.
function M.bits(layers, options)
  local total, least = 0, 0
  for _, layer in ipairs(layers) do
    total, least = total + layer.count, least + layer.count * math.min(table.unpack(layer.bits))
  end
  local budget = options.bytes > 0 and 8 * options.bytes or options.mean_bits * total
  if least > budget then
    error(("the narrowest widths take %d bytes, %.3f bits per weight; the budget is %d bytes. Give more bytes or bits.")
      :format(math.ceil(least / 8), least / total, math.floor(budget / 8)), 0)
  end
  return budget
end

return M
