-- AdaRound, layer by layer: rounding learned from the output of each layer, inputs from the layers already quantized;
-- activations are quantized with their calibrated ranges.
-- Source: Nagel et al. 2020, "Up or Down? Adaptive Rounding for Post-Training Quantization", eq. 21 to 25.
return {
  summary = "AdaRound (Nagel et al. 2020): learned rounding, layer by layer.",
  api = ">=1.0 <2",
  units = "layer",
  stages = {
    { rounding = "adaround", ranges = "fixed", input = "quantized", quantized_share = 0 },
  },
}
