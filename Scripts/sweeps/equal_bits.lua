-- Quantizers at 4 stored bits beside each other on CIFAR-10, three seeds: AuGQ with 1, 2, 4 and 8 intervals (16, 15,
-- 13 and 9 levels), uniform, and intervals chosen per block. It needs the data pack (AUGQ_SHARED).
--
--     augq batch Scripts/sweeps/equal_bits.lua -j 2
return {
  script = "../ptq_cifar10.lua",
  zip = {
    granularity = { "augq", "augq", "augq", "augq", "uniform", "block_interval" },
    intervals = { 1, 2, 4, 8, 1, 4 }, wbits = { 4, 3, 2, 1, 4, 4 }, abits = { 4, 3, 2, 1, 4, 4 },
  },
  grid = { group = { "tensor", "channel" }, method = { "nearest", "closed", "qdrop" }, seed = { 1, 2, 3 } },
  where = function(p) return p.granularity ~= "block_interval" or p.group == "channel" end,
  -- What takes seconds comes first.
  priority = function(p) return ({ nearest = 2, closed = 1, qdrop = 0 })[p.method] end,
}
