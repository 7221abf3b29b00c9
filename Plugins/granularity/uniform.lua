-- One affine grid over the whole range.
-- Source: Jacob et al. 2018, "Quantization and Training … for Efficient Integer-Arithmetic-Only Inference", eq. 1.
return {
  summary = "One uniform affine grid.",
  api = ">=1.0 <2",
  options = { bits = { 4, "bits of a code", 1, 8 } },
  grid = function(options) return { bits = options.bits } end,
}
