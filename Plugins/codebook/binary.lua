-- Binary weights: the sign times the mean magnitude.
-- Source: Rastegari et al. 2016, "XNOR-Net", eq. 6.
return {
  summary = "Binary (Rastegari et al. 2016): minus and plus the mean magnitude.",
  api = ">=1.0 <2",
  options = { bits = { 1, "bits of a code", 1, 1 } },
  levels = function(x)
    local a = x:abs():mean()
    return a > 0 and { -a, a } or { 0 }
  end,
}
