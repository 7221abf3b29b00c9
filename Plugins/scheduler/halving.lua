-- Successive halving: all trials get a little of a resource, such as steps; the best 1 / eta of them eta times as much,
-- and so on. A trial of a higher rung is a run of its own; recipes that keep their state go on where they were.
-- Source: Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization".

-- The parameters of a trial without the resource, as a text.
local function identity(parameters, resource)
  local names = {}
  for name in pairs(parameters) do
    if name ~= resource then names[#names + 1] = name end
  end
  table.sort(names)
  for place, name in ipairs(names) do names[place] = name .. "=" .. tostring(parameters[name]) end
  return table.concat(names, " ")
end

return {
  summary = "Successive halving: the best 1 / eta of the trials get eta times the resource, again and again.",
  api = ">=1.0 <2",
  options = {
    metric = { "top1", "metric that trials are compared by" },
    resource = { "iterations", "parameter that grows" },
    least = { 50, "resource of the first rung", 1, 1 << 40 },
    most = { 450, "resource of the last rung, at most", 1, 1 << 40 },
    eta = { 3, "factor of the resource, and one in how many trials goes on", 2, 100 },
    lower_is_better = { false, "whether less of the metric is better" },
  },
  -- The trials to plan next; trials are { parameters, status, metrics } of everything that was planned.
  next = function(trials, options)
    local rungs, top = {}, nil
    for _, trial in ipairs(trials) do
      local amount = trial.parameters[options.resource]
      if amount then
        rungs[amount] = rungs[amount] or {}
        table.insert(rungs[amount], trial)
        top = math.max(top or amount, amount)
      end
    end
    local plan = {}
    if not top then
      for place, trial in ipairs(trials) do
        local parameters = {}
        for name, value in pairs(trial.parameters) do parameters[name] = value end
        parameters[options.resource] = options.least
        plan[place] = parameters
      end
      return plan
    end
    local amount = top * options.eta
    if amount > options.most then return plan end
    local done, sign, others = {}, options.lower_is_better and -1 or 1, {}
    for _, trial in ipairs(rungs[top]) do
      if trial.status ~= "done" and trial.status ~= "failed" then return plan end
      local score = trial.metrics[options.metric]
      if trial.status == "done" and score then
        done[#done + 1] = { score = sign * score, name = identity(trial.parameters, options.resource), trial = trial }
      elseif trial.status == "done" then
        for name in pairs(trial.metrics) do others[#others + 1] = name end
      end
    end
    if #done == 0 and #others > 0 then
      table.sort(others)
      error(("no trial has logged '%s'; there is '%s'. Name one of the recipe's."):format(options.metric, others[1]), 0)
    end
    table.sort(done, function(a, b)
      if a.score ~= b.score then return a.score > b.score end
      return a.name < b.name
    end)
    for place = 1, #rungs[top] // options.eta do
      if not done[place] then break end
      local parameters = {}
      for name, value in pairs(done[place].trial.parameters) do parameters[name] = value end
      parameters[options.resource] = amount
      plan[place] = parameters
    end
    return plan
  end,
}
