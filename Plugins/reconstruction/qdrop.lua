-- QDrop, block by block: rounding and activation ranges together; each activation is quantized with probability one
-- half, and so is each value that a block reads.
-- Source: Wei et al. 2022, "QDrop: Randomly Dropping Quantization for Extremely Low-bit Post-Training Quantization".
return {
  summary = "QDrop (Wei et al. 2022): rounding and ranges together, activations quantized at random.",
  api = ">=1.0 <2",
  units = "block",
  stages = {
    { rounding = "adaround", ranges = "learned", input = "mixed", quantized_share = 0.5 },
  },
}
