-- The range between two quantiles, which need not be symmetric.
return {
  summary = "The values between two quantiles.",
  api = ">=1.0 <2",
  options = {
    low = { 0.001, "share of the values below the range", 0, 0.49 },
    high = { 0.999, "share of the values below its end", 0.51, 1 },
  },
  range = function(x, options) return x:quantile(options.low), x:quantile(options.high) end,
}
