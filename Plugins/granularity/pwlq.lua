-- Piecewise linear: a dense middle and a sparse tail on either side; the breakpoint minimises the error of normal
-- values.
-- Source: Fang et al. 2020, "Post-Training Piecewise Linear Quantization for Deep Neural Networks", section 3.3.
return {
  summary = "PWLQ (Fang et al. 2020): three intervals, a dense middle between two sparse tails.",
  api = ">=1.0 <2",
  options = {
    bits = { 3, "bits inside an interval", 1, 6 },
    breakpoint = { 0.0, "breakpoint as a share of the largest magnitude; 0: the best for normal values", 0, 0.99 },
  },
  grid = function(options) return { bits = options.bits, intervals = 3, symmetric = true } end,
  edges = function(x, options)
    local largest = math.max(math.abs(x:min()), math.abs(x:max()), 1e-12)
    local share = options.breakpoint
    if share == 0 then
      -- The paper's fit for a normal distribution of deviation 1 cut off at m: p / m = ln(0.8614 m + 0.6079) / m.
      local m = largest / math.max(x:deviation(), 1e-12)
      share = math.max(0.05, math.min(0.95, math.log(0.8614 * m + 0.6079) / m))
    end
    return { -share * largest, share * largest }
  end,
}
