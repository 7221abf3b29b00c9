-- One rounding for several activation widths: give the other networks as `widths`. Every step sums the gradients of all
-- widths against the FP32 output.
-- Source: Xu et al. 2024, "PTMQ: Post-training Multi-bit Quantization of Neural Networks". The paper also mixes the
-- features of the widths and draws them to each other; its settings are not published, and this does neither.
return {
  summary = "PTMQ (Xu et al. 2024): one rounding for several activation widths.",
  api = ">=1.0 <2",
  units = "block",
  stages = {
    { rounding = "adaround", ranges = "learned", input = "mixed", quantized_share = 0.5 },
  },
}
