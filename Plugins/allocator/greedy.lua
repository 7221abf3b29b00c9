-- From the narrowest widths, again and again the step that saves the most loss per bit, while the budget lasts.
-- Source: the Pareto front of HAWQ-V2 (Dong et al. 2020, section 3.3) by its steepest descent.
local budget = require "lib.budget"

return {
  summary = "Greedy: the step with the largest fall of loss per bit, while the budget lasts.",
  api = ">=1.0 <2",
  options = budget.options(),
  allocate = function(layers, options)
    local left, choices, at = budget.bits(layers, options), budget.choices(layers), {}
    for place, rows in ipairs(choices) do at[place], left = 1, left - rows[1].cost end
    while true do
      local best, target, gain
      for place, rows in ipairs(choices) do
        local now = rows[at[place]]
        for index = at[place] + 1, #rows do
          local cost = rows[index].cost - now.cost
          local fall = (now.loss - rows[index].loss) / cost
          if cost <= left and fall > 0 and (not gain or fall > gain) then best, target, gain = place, index, fall end
        end
      end
      if not best then break end
      left = left - choices[best][target].cost + choices[best][at[best]].cost
      at[best] = target
    end
    local result = {}
    for place, layer in ipairs(layers) do result[layer.key] = choices[place][at[place]].bits end
    return result
  end,
}
