-- AuGQ: the range is cut into uniform intervals, each quantized affinely.
-- Source: Mujtaba et al. 2025, "Augmented Quantization", Applied Intelligence 55:589.
return {
  summary = "AuGQ (Mujtaba et al. 2025): K uniform intervals, each quantized affinely with the given bits.",
  api = ">=1.0 <2",
  options = {
    bits = { 2, "bits inside an interval", 1, 8 },
    intervals = { 4, "intervals of the range", 1, 16 },
    mode = {
      "clamp",
      "clamp: every value gets a code; published: as the authors' code, values at or beyond the edges stay FP32",
      { "clamp", "published" },
    },
    edges = { {}, "inner edges as rising fractions of the range; equal intervals when empty" },
  },
  grid = function(options)
    local edges = #options.edges > 0 and options.edges or nil
    return { bits = options.bits, intervals = options.intervals, mode = options.mode, edges = edges }
  end,
}
