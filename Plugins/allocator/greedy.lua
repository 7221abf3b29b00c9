-- From the narrowest widths, again and again the step that saves the most loss per bit, while the budget lasts.
-- Source: the Pareto front of HAWQ-V2 (Dong et al. 2020, section 3.3) by its steepest descent.
return {
  summary = "Greedy: the step with the largest fall of loss per bit, while the budget lasts.",
  api = ">=1.0 <2",
  options = { mean_bits = { 4.0, "mean bits per weight, at most", 1, 32 } },
  allocate = function(layers, options)
    local total, used, chosen = 0, 0, {}
    for place, layer in ipairs(layers) do
      local widths = {}
      for index, bits in ipairs(layer.bits) do widths[index] = { bits = bits, loss = layer.loss[index] } end
      table.sort(widths, function(a, b) return a.bits < b.bits end)
      chosen[place] = { widths = widths, at = 1 }
      total, used = total + layer.count, used + layer.count * widths[1].bits
    end
    local budget = options.mean_bits * total
    while true do
      local best, target, gain
      for place, layer in ipairs(layers) do
        local state = chosen[place]
        for index = state.at + 1, #state.widths do
          local cost = layer.count * (state.widths[index].bits - state.widths[state.at].bits)
          local fall = (state.widths[state.at].loss - state.widths[index].loss) / cost
          if used + cost <= budget and fall > 0 and (not gain or fall > gain) then
            best, target, gain = place, index, fall
          end
        end
      end
      if not best then break end
      local state = chosen[best]
      used = used + layers[best].count * (state.widths[target].bits - state.widths[state.at].bits)
      state.at = target
    end
    local result = {}
    for place, layer in ipairs(layers) do result[layer.key] = chosen[place].widths[chosen[place].at].bits end
    return result
  end,
}
