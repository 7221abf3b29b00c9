-- AdaQuant, layer by layer: continuous weights, biases, ranges of weights and of activations learned through the
-- quantizers.
-- Source: Hubara et al. 2021, "Accurate Post Training Quantization With Small Calibration Sets", eq. 2.
return {
  summary = "AdaQuant (Hubara et al. 2021): continuous weights, biases and ranges, layer by layer.",
  api = ">=1.0 <2",
  units = "layer",
  stages = {
    { rounding = "adaquant", ranges = "learned", biases = "learned", input = "quantized", quantized_share = 1 },
  },
}
