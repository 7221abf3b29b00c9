-- The least sum of losses within the budget, by dynamic programming over the layers: of all ways to choose the first n
-- widths only those stay that no other one beats in both cost and loss.
-- Source: ZeroQ (Cai et al. 2020, section 3.2), the Pareto frontier of sensitivity and size.
local budget = require "lib.budget"

-- More states than this are thinned out, evenly over the cost; the result is then near the best, not it.
local most_states = 20000

local function thinned(states)
  if #states <= most_states then return states end
  local kept, step = {}, (#states - 1) / (most_states - 1)
  for index = 0, most_states - 1 do kept[index + 1] = states[math.floor(1 + index * step)] end
  return kept
end

return {
  summary = "Pareto: the least sum of losses within the budget, by dynamic programming.",
  api = ">=1.0 <2",
  options = budget.options(),
  allocate = function(layers, options)
    local limit, choices = budget.bits(layers, options), budget.choices(layers)
    -- What the layers from here on take at least.
    local rest = { [#choices + 1] = 0 }
    for place = #choices, 1, -1 do rest[place] = rest[place + 1] + choices[place][1].cost end
    local states = { { cost = 0, loss = 0 } }
    for place, rows in ipairs(choices) do
      local next = {}
      for _, state in ipairs(states) do
        for _, row in ipairs(rows) do
          local cost = state.cost + row.cost
          if cost + rest[place + 1] <= limit then
            next[#next + 1] = { cost = cost, loss = state.loss + row.loss, before = state, bits = row.bits }
          end
        end
      end
      table.sort(next, function(a, b)
        if a.cost ~= b.cost then return a.cost < b.cost end
        return a.loss < b.loss
      end)
      states = {}
      for _, state in ipairs(next) do
        if #states == 0 or state.loss < states[#states].loss then states[#states + 1] = state end
      end
      states = thinned(states)
    end
    local state, result = states[#states], {}
    for place = #layers, 1, -1 do
      result[layers[place].key] = state.bits
      state = state.before
    end
    return result
  end,
}
