-- One width for every layer: the largest that the budget allows.
local budget = require "lib.budget"

return {
  summary = "One width for every layer, within the budget.",
  api = ">=1.0 <2",
  options = budget.options(),
  allocate = function(layers, options)
    local limit, best = budget.bits(layers, options), nil
    -- Layers may have other widths: each takes its widest up to the common one.
    for width = 1, 32 do
      local cost, chosen = 0, {}
      for _, layer in ipairs(layers) do
        local bits
        for _, one in ipairs(layer.bits) do
          if one <= width and (not bits or one > bits) then bits = one end
        end
        bits = bits or math.min(table.unpack(layer.bits))
        chosen[layer.key], cost = bits, cost + layer.count * bits
      end
      if cost <= limit then best = chosen end
    end
    return best
  end,
}
