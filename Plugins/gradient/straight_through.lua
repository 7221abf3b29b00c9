-- The gradient where x is within the quantized range, 0 outside.
-- Source: Bengio et al. 2013, "Estimating or Propagating Gradients Through Stochastic Neurons".
return {
  summary = "Straight-through: the gradient as it is, 0 beyond the range.",
  api = ">=1.0 <2",
  backward = function(gradient, x, y)
    local low, high = y:min(), y:max()
    return gradient * x:less(low):maximum(x:greater(high)):choose(0, 1)
  end,
}
