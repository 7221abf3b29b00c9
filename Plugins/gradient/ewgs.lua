-- Element-wise gradient scaling: gradients that would move a value away from its level are weakened, others
-- strengthened.
-- Source: Lee et al. 2021, "Network Quantization with Element-wise Gradient Scaling", eq. 4, with a fixed factor.
return {
  summary = "EWGS (Lee et al. 2021): gradients scaled by the distance of each value from its level.",
  api = ">=1.0 <2",
  options = { factor = { 0.001, "scaling factor", 0, 1 } },
  backward = function(gradient, x, y, options)
    local inside = x:less(y:min()):maximum(x:greater(y:max())):choose(0, 1)
    return gradient * inside * (1 + options.factor * gradient:sign() * (x - y))
  end,
}
