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
    steps[#steps + 1] = { use = b.use - a.use, gain = a.aim - b.aim }
  end
  return kept, steps
end

-- Chooses a row of each list with the least sum of `aim` whose sum of `use` is at most `limit`; nil when there is none.
local function solve(lists, limit, most_nodes)
  local order, kept = {}, {}
  for place, rows in ipairs(lists) do
    local choices, steps = prepared(rows)
    kept[place] = choices
    order[place] = { place = place, steps = steps, range = choices[1].aim - choices[#choices].aim }
  end
  -- What matters most is decided first.
  table.sort(order, function(a, b)
    if a.range ~= b.range then return a.range > b.range end
    return a.place < b.place
  end)
  -- For the layers from a depth on: their cheapest choices and all steps, the steepest first.
  local tails = { [#order + 1] = { use = 0, aim = 0, steps = {} } }
  for depth = #order, 1, -1 do
    local after, first = tails[depth + 1], kept[order[depth].place][1]
    local steps = table.move(after.steps, 1, #after.steps, 1, {})
    for _, step in ipairs(order[depth].steps) do steps[#steps + 1] = step end
    table.sort(steps, function(a, b) return a.gain * b.use > b.gain * a.use end)
    tails[depth] = { use = after.use + first.use, aim = after.aim + first.aim, steps = steps }
  end
  local function bound(depth, left)
    local tail = tails[depth]
    left = left - tail.use
    if left < 0 then return nil end
    local aim = tail.aim
    for _, step in ipairs(tail.steps) do
      if step.use > left then return aim - step.gain * left / step.use end
      left, aim = left - step.use, aim - step.gain
    end
    return aim
  end
  local best, best_aim, nodes, current = nil, math.huge, 0, {}
  local function branch(depth, left, aim)
    nodes = nodes + 1
    if nodes > most_nodes and best then return end
    if depth > #order then
      if aim >= best_aim then return end
      best, best_aim = table.move(current, 1, #lists, 1, {}), aim
      return
    end
    local least = bound(depth, left)
    if not least or aim + least >= best_aim - 1e-12 * math.abs(best_aim) then return end
    local rows, place = kept[order[depth].place], order[depth].place
    for index = #rows, 1, -1 do
      if rows[index].use <= left then
        current[place] = rows[index]
        branch(depth + 1, left - rows[index].use, aim + rows[index].aim)
      end
    end
  end
  branch(1, limit, 0)
  return best
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
    local result = {}
    for place, row in ipairs(solve(lists, limit, options.nodes)) do result[layers[place].key] = row.bits end
    return result
  end,
}
