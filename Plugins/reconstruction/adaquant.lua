-- AdaQuant, layer by layer: continuous weights, ranges of weights and of activations learned through the quantizers.
-- Source: Hubara et al. 2021, "Accurate Post Training Quantization With Small Calibration Sets", eq. 2.
return {
  units = "layer",
  stages = {
    { rounding = "adaquant", ranges = "learned", input = "quantized", quantized_share = 1 },
  },
}
