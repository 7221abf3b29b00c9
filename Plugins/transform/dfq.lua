-- Data-free quantization's preparation in one step: batch norms folded, then equal channel ranges.
-- Source: Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction".
local augq = require "augq"

return {
  summary = "DFQ's preparation (Nagel et al. 2019): cross-layer equalization after folding batch norms.",
  api = ">=1.0 <2",
  options = { iterations = { 100, "passes over the pairs, at most", 1, 10000 } },
  apply = function(model, options)
    return augq.transform.equalize(model:fold_batch_norm(), { iterations = options.iterations })
  end,
}
