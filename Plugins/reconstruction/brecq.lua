-- BRECQ, block by block: first the rounding of all weights with FP32 activations, block outputs weighted by the Fisher
-- information; then the ranges of all activations with the weights as they are.
-- Source: Li et al. 2021, "BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction", alg. 1.
return {
  summary = "BRECQ (Li et al. 2021): rounding, then ranges, block by block, weighted by the Fisher information.",
  api = ">=1.0 <2",
  units = "block",
  stages = {
    { rounding = "adaround", ranges = "fixed", input = "quantized", quantized_share = 0, weighting = "fisher" },
    { rounding = "nearest", ranges = "learned", input = "quantized", quantized_share = 1, power = 2.4 },
  },
}
