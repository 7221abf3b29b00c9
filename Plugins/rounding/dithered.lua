-- Error feedback along memory: what a weight loses by rounding is added to the next one, so that sums stay.
-- Source: first-order noise shaping, as in error diffusion (Floyd and Steinberg 1976) in one dimension.
local augq = require "augq"

return {
  summary = "Error feedback: the rounding error of a weight is carried to the next one in memory.",
  api = ">=1.0 <2",
  options = { share = { 1.0, "share of the error that is carried", 0, 1 } },
  choose = function(weight, lower, upper, options)
    local w, low, high = weight:values(), lower:values(), upper:values()
    local carried, choice = 0.0, {}
    for index = 1, #w do
      local wanted = w[index] + options.share * carried
      local up = wanted - low[index] > high[index] - wanted
      choice[index] = up and 1 or 0
      local gap = high[index] - low[index]
      carried = gap > 0 and math.max(-gap, math.min(gap, wanted - (up and high[index] or low[index]))) or 0
    end
    return augq.tensor.of(weight.shape, choice)
  end,
}
