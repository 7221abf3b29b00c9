-- Quantizers at 4 stored bits beside each other on CIFAR-10: AuGQ with 1, 2, 4 and 8 intervals (16, 15, 13 and 9
-- levels), uniform, PWLQ (12 levels), and intervals chosen per block; a range per tensor, per channel and per block of
-- 64 weights (half a bit more for its scale). Three seeds per channel, one for the others and for fine-tuning: about an
-- hour on a core. It needs the data pack (AUGQ_SHARED).
--
--     augq batch Scripts/sweeps/equal_bits.lua -j 2
return {
  script = "../ptq_cifar10.lua",
  fixed = { figures = "layer2.0.conv1", fp32 = false },
  zip = {
    granularity = { "augq", "augq", "augq", "augq", "uniform", "pwlq", "block_interval" },
    intervals = { 1, 2, 4, 8, 1, 3, 4 }, wbits = { 4, 3, 2, 1, 4, 2, 4 }, abits = { 4, 3, 2, 1, 4, 4, 4 },
  },
  grid = {
    group = { "tensor", "channel", "block" }, method = { "nearest", "closed", "qdrop" }, seed = { 1, 2, 3 },
  },
  where = function(p)
    local per_channel = p.group == "channel"
    -- Blocks of block_interval share an index, not a range.
    if p.granularity == "block_interval" and not per_channel then return false end
    return p.seed == 1 and (p.method ~= "qdrop" or per_channel) or per_channel and p.method ~= "qdrop"
  end,
  -- What takes seconds comes first.
  priority = function(p) return ({ nearest = 2, closed = 1, qdrop = 0 })[p.method] end,
}
