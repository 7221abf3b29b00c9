-- BRECQ, block by block: first the rounding of all weights with FP32 activations, then the ranges of all activations
-- with the weights as they are. The error of a block has no weights, which is the default of the authors' code;
-- `weighting = "fisher"` turns eq. 10 on.
-- Source: Li et al. 2021, "BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction", alg. 1.
return {
  summary = "BRECQ (Li et al. 2021): rounding, then ranges, block by block.",
  api = ">=1.0 <2",
  units = "block",
  stages = {
    { rounding = "adaround", ranges = "fixed", input = "quantized", activations = "full_precision" },
    { rounding = "nearest", ranges = "learned", input = "quantized", quantized_share = 1, power = 2.4 },
  },
}
