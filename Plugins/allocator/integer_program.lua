-- One width for each layer so that the sum of losses is least within the budget, or, with max_loss, so that the weights
-- are smallest while the sum of losses stays below it: a multiple-choice knapsack problem, solved by branch and bound
-- with the bound of its linear relaxation.
-- Source: AdaQuant (Hubara et al. 2020, section 4), integer programming on the measured degradation of each layer;
-- the relaxation by convex hulls: Sinha and Zoltners 1979.
local budget = require "lib.budget"

-- The choices of a layer that no other one beats, cheapest first, and the steps of their lower convex hull.
local function prepared(rows)
  table.sort(rows, function(a, b)
    if a.use ~= b.use then return a.use < b.use end
    return a.aim < b.aim
  end)
  local kept = {}
  for _, row in ipairs(rows) do
    if #kept == 0 or row.aim < kept[#kept].aim then kept[#kept + 1] = row end
  end
  local hull = {}
  for _, row in ipairs(kept) do
    while #hull > 1 do
      local a, b = hull[#hull - 1], hull[#hull]
      if (b.aim - a.aim) * (row.use - b.use) < (row.aim - b.aim) * (b.use - a.use) then break end
      hull[#hull] = nil
    end
    hull[#hull + 1] = row
  end
  local steps = {}
  for index = 2, #hull do
    local a, b = hull[index - 1], hull[index]
    steps[#steps + 1] = { use = b.use - a.use, gain = a.aim - b.aim, row = b }
  end
  return kept, steps
end

-- Steps from the cheapest choices, the steepest first, while they fit: where the search begins.
local function begun(kept, steps, left)
  local chosen, at = {}, {}
  for place in ipairs(kept) do chosen[place], at[place] = kept[place][1], 1 end
  for _, step in ipairs(steps) do
    -- Steps of a layer come in order; one that does not fit ends the layer.
    if step.use <= left and at[step.place] == step.number then
      left, at[step.place] = left - step.use, step.number + 1
      chosen[step.place] = step.row
    end
  end
  return chosen
end

-- Chooses a row of each list with the least sum of `aim` whose sum of `use` is at most `limit`; second, by how much the
-- sum may be above the least one.
local function solve(lists, limit, most_nodes)
  -- Uses count from each layer's least, so that none is below 0; sums of decimals are not exact.
  limit = limit + 1e-9 * math.abs(limit)
  local order, kept = {}, {}
  for place, rows in ipairs(lists) do
    local least = math.huge
    for _, row in ipairs(rows) do least = math.min(least, row.use) end
    for _, row in ipairs(rows) do row.use = row.use - least end
    limit = limit - least
    local choices, steps = prepared(rows)
    for number, step in ipairs(steps) do step.place, step.number = place, number end
    kept[place] = choices
    order[place] = { place = place, steps = steps, range = choices[1].aim - choices[#choices].aim }
  end
  -- What matters most is decided first.
  table.sort(order, function(a, b)
    if a.range ~= b.range then return a.range > b.range end
    return a.place < b.place
  end)
  -- For the layers from a depth on: their cheapest choices and all steps, the steepest first.
  local tails = { [#order + 1] = { aim = 0, steps = {} } }
  for depth = #order, 1, -1 do
    local after, first = tails[depth + 1], kept[order[depth].place][1]
    local steps = table.move(after.steps, 1, #after.steps, 1, {})
    for _, step in ipairs(order[depth].steps) do steps[#steps + 1] = step end
    table.sort(steps, function(a, b)
      local one, other = a.gain * b.use, b.gain * a.use
      if one ~= other then return one > other end
      if a.place ~= b.place then return a.place < b.place end
      return a.number < b.number
    end)
    tails[depth] = { aim = after.aim + first.aim, steps = steps }
  end
  local function bound(depth, left)
    local aim = tails[depth].aim
    for _, step in ipairs(tails[depth].steps) do
      if step.use > left then return aim - step.gain * left / step.use end
      left, aim = left - step.use, aim - step.gain
    end
    return aim
  end
  local best, best_aim, nodes, current = begun(kept, tails[1].steps, limit), 0, 0, {}
  for _, row in ipairs(best) do best_aim = best_aim + row.aim end
  local function branch(depth, left, aim)
    nodes = nodes + 1
    if depth > #order then
      if aim < best_aim then best, best_aim = table.move(current, 1, #lists, 1, {}), aim end
      return
    end
    local place, children = order[depth].place, {}
    for _, row in ipairs(kept[place]) do
      if row.use <= left then
        children[#children + 1] = { row = row, least = aim + row.aim + bound(depth + 1, left - row.use) }
      end
    end
    -- The most promising first; the rest is hopeless where one is.
    table.sort(children, function(a, b)
      if a.least ~= b.least then return a.least < b.least end
      return a.row.use < b.row.use
    end)
    for _, child in ipairs(children) do
      if nodes > most_nodes or child.least >= best_aim - 1e-12 * math.abs(best_aim) then return end
      current[place] = child.row
      branch(depth + 1, left - child.row.use, aim + child.row.aim)
    end
  end
  branch(1, limit, 0)
  return best, nodes > most_nodes and best_aim - bound(1, limit) or 0
end

return {
  summary = "Integer program: least loss within the budget, or least size within max_loss, by branch and bound.",
  api = ">=1.0 <2",
  options = budget.options {
    max_loss = { 0.0, "sum of losses, at most; the weights are then as small as they can be; 0 for none", 0, 1e300 },
    nodes = { 200000, "tries after which the best so far is taken", 1, 100000000 },
  },
  allocate = function(layers, options)
    local by_loss = options.max_loss > 0
    local lists, least = budget.choices(layers), 0
    for _, rows in ipairs(lists) do
      local smallest = math.huge
      for _, row in ipairs(rows) do
        row.use, row.aim = by_loss and row.loss or row.cost, by_loss and row.cost or row.loss
        smallest = math.min(smallest, row.loss)
      end
      least = least + smallest
    end
    if by_loss and least > options.max_loss then
      error(("the losses are at least %g in sum; max_loss is %g. Give more, or wider widths.")
        :format(least, options.max_loss), 0)
    end
    local limit = by_loss and options.max_loss or budget.bits(layers, options)
    local chosen, gap = solve(lists, limit, options.nodes)
    if gap > 0 then
      print(("integer_program: stopped after %d tries; what was found is at most %g above the best."):format(
        options.nodes, gap))
    end
    local result = {}
    for place, row in ipairs(chosen) do result[layers[place].key] = row.bits end
    return result
  end,
}
