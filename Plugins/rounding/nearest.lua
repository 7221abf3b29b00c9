-- The nearer of the two levels.
return {
  summary = "Round to nearest.",
  api = ">=1.0 <2",
  choose = function(weight, lower, upper) return (weight - lower):greater(upper - weight) end,
}
