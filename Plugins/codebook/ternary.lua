-- Ternary weights -a, 0, a with the threshold of 0.7 mean magnitudes.
-- Source: Li et al. 2016, "Ternary Weight Networks", eq. 5 and 6.
return {
  summary = "Ternary (Li et al. 2016): -a, 0 and a.",
  api = ">=1.0 <2",
  options = { bits = { 2, "bits of a code", 2, 2 } },
  levels = function(x)
    local magnitudes = x:abs()
    local kept = magnitudes:greater(0.7 * magnitudes:mean())
    local count = kept:sum()
    local a = count > 0 and (magnitudes * kept):sum() / count or magnitudes:max()
    return a > 0 and { -a, 0, a } or { 0 }
  end,
}
