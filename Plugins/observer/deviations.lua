-- A range of so many standard deviations around the mean, cut to the values.
return {
  summary = "The mean and a number of standard deviations on either side, within the values.",
  api = ">=1.0 <2",
  options = { deviations = { 3.0, "standard deviations", 0.1, 100 } },
  range = function(x, options)
    local mean, width = x:mean(), options.deviations * x:deviation()
    return math.max(x:min(), mean - width), math.min(x:max(), mean + width)
  end,
}
